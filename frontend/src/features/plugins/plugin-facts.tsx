import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, duration, number, percent } from "~/i18n/formats";
import { useText, type TextOf } from "~/i18n/text";
import { useUser } from "~/session/session";
import { Moment } from "~/ui/time";
import { outcomesQuery, timesQuery, type Plugin } from "./plugin-queries";
import styles from "./plugins.module.css";

const MIB = 1024 ** 2;
const S = 1_000;

/** How its jobs have gone, and what its manifest says. */
export function PluginFacts({ plugin }: { plugin: Plugin }) {
  const t = useText();
  const { id } = useUser();
  const facts = [...whatItIs(plugin, t), ...howItRuns(plugin, t)];
  return (
    <>
      <Figures plugin={plugin} />
      <section className="card padded" aria-label={t("plugins.tab.facts")}>
        <dl className={styles.facts}>
          <Fact name={t("plugins.owner")}>{plugin.owner_id === id ? t("plugins.you") : t("plugins.account", { id: plugin.owner_id })}</Fact>
          {facts.map(([name, value]) => (
            <Fact key={name} name={name}>
              {value}
            </Fact>
          ))}
          <Fact name={t("plugins.registered")}><Moment time={plugin.created_at} /></Fact>
          <Fact name={t("plugins.digest")}><code>{plugin.manifest_digest}</code></Fact>
        </dl>
      </section>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Figures({ plugin: { name } }: { plugin: Plugin }) {
  const t = useText();
  const times = useQuery(timesQuery(name)).data;
  const outcomes = useQuery(outcomesQuery(name)).data;
  const ended = outcomes ? outcomes.completed + outcomes.failed : 0;
  return (
    <section className={styles.figures} aria-label={t("plugins.figures")}>
      <Figure label={t("plugins.success")} value={ended === 0 ? "–" : percent((outcomes?.completed ?? 0) / ended)} note={t("plugins.ofNewest", { count: ended })} />
      <Figure label={t("plugins.completed")} value={number(times?.completed ?? 0)} note={t("plugins.lastDay")} />
      <Figure label={t("plugins.average")} value={duration(times?.average_total_ms)} note={t("plugins.lastDay")} />
      <Figure label={t("plugins.p95")} value={duration(times?.p95_total_ms)} note={t("plugins.lastDay")} />
      <p className={styles.links}>
        <Link to="/jobs" search={{ plugin: name }}>{t("plugins.itsJobs")}</Link>
        <Link to="/dead-letters" search={{ plugin: name }}>{t("plugins.itsFailures")}</Link>
      </p>
    </section>
  );
}

function Figure({ label, value, note }: { label: string; value: string; note: string }) {
  return (
    <div className={`card ${styles.figure}`}>
      <span className="small">{label}</span>
      <b>{value}</b>
      <span className="muted small">{note}</span>
    </div>
  );
}

type FactOf = [string, ReactNode];

function whatItIs({ docker_image, command, mode, replicas = 1, standby, batch, env, secrets, trains }: Plugin, t: TextOf): FactOf[] {
  const names = secrets.map((secret) => (typeof secret === "string" ? secret : secret.name));
  return [
    [t("plugins.image"), <code key="image">{docker_image}</code>],
    ...optional(t("plugins.command"), command && <code>{command.join(" ")}</code>),
    [t("plugins.runs"), t(`plugins.mode.${mode}`)],
    ...optional(t("plugins.replicas"), replicas > 1 && number(replicas)),
    ...optional(t("plugins.standby"), standby > 0 && number(standby)),
    ...optional(t("plugins.batch"), batch && t("plugins.batchOf", { size: batch.max_size, wait: duration(batch.max_wait_ms) })),
    ...optional(t("plugins.trains"), trains && trains.model),
    ...optional(t("plugins.env"), Object.keys(env).join(", ")),
    ...optional(t("plugins.secrets"), names.join(", ")),
  ];
}

function howItRuns({ resources, requires = {}, network, timeout_s, queue_ttl_s, max_running, retry }: Plugin, t: TextOf): FactOf[] {
  const asks = [t("plugins.cpus", { count: number(resources.cpus) }), bytes(resources.memory_mib * MIB), resources.gpus > 0 && t("plugins.gpus", { count: number(resources.gpus) }), resources.gpu_memory_mib > 0 && t("plugins.gpuMemory", { size: bytes(resources.gpu_memory_mib * MIB) })];
  return [
    [t("plugins.asks"), asks.filter(Boolean).join(" · ")],
    ...optional(t("plugins.requires"), Object.keys(requires).length > 0 && <code>{JSON.stringify(requires)}</code>),
    [t("plugins.network"), t(network ? "plugins.yes" : "plugins.no")],
    [t("plugins.timeout"), duration(timeout_s * S)],
    ...optional(t("plugins.queueTtl"), queue_ttl_s !== null && duration(queue_ttl_s * S)),
    ...optional(t("plugins.mostRunning"), max_running !== null && number(max_running)),
    [t("plugins.retries"), t("plugins.retriesOf", { count: retry.max_retries, delay: duration(retry.delay_s * S) })],
  ];
}

function optional(name: string, value: ReactNode): FactOf[] {
  return value ? [[name, value]] : [];
}
