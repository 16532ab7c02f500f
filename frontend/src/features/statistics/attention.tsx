import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { duration } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Ago, useNow } from "~/ui/time";
import styles from "./overview-page.module.css";
import { failuresQuery, healthQuery, historyQuery, summaryQuery, workersQuery } from "./statistics-queries";

/** Whoever waits longer than this may want to know why. */
const LONG_MS = 5 * 60_000;

/** What needs somebody, the most urgent first; nothing where all is well. */
export function Attention() {
  const t = useText();
  const needs = useNeeds();
  if (needs.length === 0) return null;
  return (
    <section className={styles.part} aria-label={t("statistics.attention")}>
      <h2>{t("statistics.attention")}</h2>
      <ul className={styles.attention}>
        {needs.map((need, index) => (
          <li key={index} className="note bad">
            {need}
          </li>
        ))}
      </ul>
    </section>
  );
}

function useNeeds(): ReactNode[] {
  const t = useText();
  const health = useQuery(healthQuery).data;
  const workers = useQuery(workersQuery).data;
  const waiting = useQuery(summaryQuery).data?.by_status.queued ?? 0;
  const failures = useQuery(failuresQuery).data?.items ?? [];
  const broken = Object.entries(health?.parts ?? {}).filter(([name, state]) => name !== "workers" && state !== "ok");
  const deaf = workers?.items.filter((worker) => !worker.consumer_ok && !worker.draining) ?? [];
  const areDrained = workers?.total !== 0 && workers?.items.every(({ name }) => workers.drained.includes(name));
  const present = useNow();
  const oldest = useQuery(historyQuery).data?.waiting.oldest_at;
  const waitedMs = oldest ? present.getTime() - Date.parse(oldest) : 0;
  return [
    ...broken.map(([name, state]) => t("statistics.needs.part", { name, state })),
    ...(workers?.total === 0 ? [t("statistics.needs.noWorker", { waiting })] : []),
    ...(areDrained ? [t("statistics.needs.allDrained", { waiting })] : []),
    ...(waitedMs > LONG_MS && (workers?.total ?? 0) > 0 ? [t("statistics.needs.waits", { time: duration(waitedMs) })] : []),
    ...deaf.map((worker) => t("statistics.needs.deaf", { name: worker.name })),
    ...failures.map((group) => (
      <>
        <span className="tag" data-tone="bad">{group.example?.kind ?? "?"}</span>
        <span className="grow">{t("statistics.needs.failed", { count: group.jobs, plugin: group.plugin_name, message: group.example?.message ?? "" })}</span>
        <Ago time={group.last_at} />
        <Link to="/dead-letters" search={{ plugin: group.plugin_name, cause: group.fingerprint ?? undefined }}>{t("statistics.needs.look")}</Link>
      </>
    )),
  ];
}
