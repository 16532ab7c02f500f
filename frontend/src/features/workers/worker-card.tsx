import { Link } from "@tanstack/react-router";
import { bytes, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Progress } from "~/ui/progress";
import { Ago, Moment } from "~/ui/time";
import { Loaded } from "./loaded";
import type { Worker } from "./worker-queries";
import { stateOf, TONES } from "./worker-state";
import styles from "./workers.module.css";

const MIB = 1024 ** 2;

/** A worker: whether it takes jobs, what it runs, and what it has. */
export function WorkerCard({ worker }: { worker: Worker }) {
  const t = useText();
  const state = stateOf(worker);
  return (
    <article className={`card padded ${styles.worker}`} aria-label={worker.name}>
      <h2 className="row">
        <span className="grow">{worker.name}</span>
        <span className="tag" data-tone={TONES[state]} title={t(`workers.stateHelp.${state}`)}>
          {t(`workers.state.${state}`)}
        </span>
      </h2>
      {state !== "ready" && <p className="muted small">{t(`workers.stateHelp.${state}`)}</p>}
      <Slots worker={worker} />
      <Cards worker={worker} />
      <Loaded worker={worker} />
      <Facts worker={worker} />
      {worker.weaknesses.length > 0 && (
        <details>
          <summary>{t("workers.weaknesses", { count: worker.weaknesses.length })}</summary>
          <ul className="small">
            {worker.weaknesses.map((weakness) => (
              <li key={weakness}>{weakness}</li>
            ))}
          </ul>
        </details>
      )}
    </article>
  );
}

function Slots({ worker: { slots, slots_taken, running } }: { worker: Worker }) {
  const t = useText();
  const text = t("workers.slots", { busy: number(slots_taken), slots: number(slots) });
  return (
    <div className={styles.part}>
      <p>{text}</p>
      <Progress label={text} value={slots === 0 ? 0 : Math.min(1, slots_taken / slots)} />
      {running.length > 0 && (
        <p className={styles.tags} role="group" aria-label={t("workers.running")}>
          {running.map(([id, attempt]) => (
            <Link key={id} className="tag" to="/jobs/$jobId" params={{ jobId: String(id) }} title={t("workers.attempt", { attempt })}>
              {attempt > 1 ? `#${id} · ${attempt}` : `#${id}`}
            </Link>
          ))}
        </p>
      )}
    </div>
  );
}

function Cards({ worker: { cards, loaded } }: { worker: Worker }) {
  const t = useText();
  if (cards.length === 0) return null;
  return (
    <ul className={styles.list} aria-label={t("workers.cards")}>
      {cards.map((card) => {
        const holders = loaded.filter(({ gpu_ids }) => gpu_ids.includes(card.uuid));
        const memory = holders.reduce((sum, each) => sum + each.gpu_memory_mib, 0);
        return (
          <li key={card.uuid}>
            <span className="grow">
              {card.name || "GPU"} <span className="muted small">{card.uuid.slice(0, 12)}</span>
            </span>
            <span className="number">{t("workers.cardMemory", { kept: bytes(memory * MIB), of: bytes(card.memory_mib * MIB) })}</span>
          </li>
        );
      })}
    </ul>
  );
}

function Facts({ worker }: { worker: Worker }) {
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
