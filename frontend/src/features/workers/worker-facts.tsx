import { Link } from "@tanstack/react-router";
import { bytes, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Ago, Moment } from "~/ui/time";
import type { Worker } from "./worker-queries";
import styles from "./workers.module.css";

const MIB = 1024 ** 2;

/** What a worker is, has free, and takes. */
export function WorkerFacts({ worker }: { worker: Worker }) {
  const t = useText();
  const { total, free } = worker;
  const runtimes = worker.runtimes.length > 0 ? worker.runtimes : [worker.runtime];
  const tags = [...worker.serves.filter((name) => name !== "default").map((name) => t("workers.queue", { name })), ...Object.entries(worker.labels).map(([key, value]) => `${key}=${value}`)];
  return (
    <dl className={styles.facts}>
      <dt>{t("workers.runtime")}</dt>
      <dd>
        {runtimes.join(", ")}
        {worker.runtime_reason && <p className="muted small">{worker.runtime_reason}</p>}
      </dd>
      {total.memory_mib > 0 && (
        <>
          <dt>{t("workers.free")}</dt>
          <dd>{t("workers.freeOf", { cpus: number(free.cpus), ofCpus: number(total.cpus), memory: bytes(free.memory_mib * MIB), ofMemory: bytes(total.memory_mib * MIB) })}</dd>
        </>
      )}
      {worker.cluster && (
        <>
          <dt>{t("workers.cluster")}</dt>
          <dd><Link to="/clusters/$name" params={{ name: worker.cluster.name }}>{worker.cluster.name}</Link></dd>
        </>
      )}
      {tags.length > 0 && (
        <>
          <dt>{t("workers.labels")}</dt>
          <dd className={styles.tags}>
            {tags.map((tag) => (
              <span key={tag} className="tag">
                {tag}
              </span>
            ))}
          </dd>
        </>
      )}
      <dt>{t("workers.version")}</dt>
      <dd>{worker.version}</dd>
      <dt>{t("workers.host")}</dt>
      <dd>
        {worker.host} · pid {worker.pid}
      </dd>
      <dt>{t("workers.started")}</dt>
      <dd><Moment time={worker.started_at} /></dd>
      <dt>{t("workers.seen")}</dt>
      <dd><Ago time={worker.seen_at} /></dd>
    </dl>
  );
}
