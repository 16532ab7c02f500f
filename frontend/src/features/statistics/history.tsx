import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "~/api/client";
import { duration, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Shown } from "~/ui/states";
import { TimeChart } from "~/viewers/time-chart/time-chart";
import { FailureKinds } from "./failure-kinds";
import styles from "./overview-page.module.css";
import { historyQuery } from "./statistics-queries";

/** How many jobs ended in the last day, how long they took, and why they failed. */
export function History() {
  const t = useText();
  const history = useQuery(historyQuery);
  return (
    <section className={styles.part} aria-label={t("statistics.history")}>
      <h2>{t("statistics.history")}</h2>
      <Shown query={history}>{(known) => <Charts history={known} />}</Shown>
    </section>
  );
}

function Charts({ history: { steps, step_s, by_failure } }: { history: Schemas["History"] }) {
  const t = useText();
  const times = steps.map(({ at }) => new Date(at));
  const jobs = [
    { name: t("status.completed"), tone: "good", values: steps.map(({ completed }) => completed) },
    { name: t("status.failed"), tone: "bad", values: steps.map(({ failed }) => failed) },
    { name: t("status.cancelled"), tone: "plain", values: steps.map(({ cancelled }) => cancelled) },
  ];
  const latency = [
    { name: t("statistics.median"), tone: "good", values: steps.map(({ median_total_ms }) => median_total_ms) },
    { name: t("statistics.p95"), tone: "warn", values: steps.map(({ p95_total_ms }) => p95_total_ms) },
  ];
  return (
    <div className={styles.charts}>
      <div className="card">
        <TimeChart label={t("statistics.throughput", { minutes: step_s / 60 })} times={times} series={jobs} shape="bars" format={number} />
      </div>
      <div className="card">
        <TimeChart label={t("statistics.latency")} times={times} series={latency} shape="lines" format={duration} />
      </div>
      <FailureKinds failures={by_failure} />
    </div>
  );
}
