import type { ReactNode } from "react";
import { duration } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Moment } from "~/ui/time";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import type { Job } from "./job-queries";
import styles from "./job-page.module.css";

/** What a job is, and what it was given. */
export function JobFacts({ job }: { job: Job }) {
  const t = useText();
  const attempts = [
    String(job.attempt),
    job.failures > 0 && t("jobs.retriesUsed", { used: Math.min(job.failures, job.max_retries), of: job.max_retries }),
    job.losses > 0 && t("jobs.lost", { count: job.losses }),
  ];
  const facts: [string, ReactNode][] = [
    [t("jobs.column.attempt"), attempts.filter(Boolean).join(" · ")],
    [t("jobs.priority"), job.priority],
    [t("jobs.worker"), job.worker ?? "–"],
    [t("jobs.column.submitted"), <Moment key="submitted" time={job.created_at} />],
    [t("jobs.started"), <Moment key="started" time={job.started_at} />],
    [t("jobs.ended"), <Moment key="ended" time={job.completed_at} />],
    [t("jobs.timeLimit"), duration(job.timeout_s * 1_000)],
    ...(job.model ? [[t("jobs.model"), job.model] as [string, ReactNode]] : []),
    ...(job.made ? [[t("jobs.made"), job.made] as [string, ReactNode]] : []),
  ];
  return (
    <>
      <section className={`card padded ${styles.part}`} aria-label={t("jobs.facts")}>
        <dl className={styles.facts}>
          {facts.map(([name, value]) => (
            <div key={name} style={{ display: "contents" }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className={styles.part}>
        <h2>{t("jobs.input")}</h2>
        <JsonTree value={job.input_data} label={t("jobs.input")} />
      </section>
    </>
  );
}
