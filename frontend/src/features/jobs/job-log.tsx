import { useState } from "react";
import { useText } from "~/i18n/text";
import { LogView } from "~/viewers/log-view/log-view";
import { useJobLog } from "~/viewers/log-view/use-job-log";
import type { Job } from "./job-queries";
import styles from "./job-page.module.css";

const ENDED = new Set(["completed", "failed", "cancelled"]);

/** What a job says: live and from its beginning while it runs, then as it was stored. */
export function JobLog({ job }: { job: Job }) {
  const t = useText();
  const [chosen, setChosen] = useState<number | null>(null);
  const attempt = chosen ?? job.attempt;
  const isLive = attempt === job.attempt && !ENDED.has(job.status);
  const store = useJobLog(job.id, attempt, isLive ? (job.started_at ?? "") : null);
  return (
    <section className={styles.part}>
      <div className={styles.head}>
        <h2>{t("log.title")}</h2>
        {job.attempt > 1 && (
          <select aria-label={t("jobs.column.attempt")} value={attempt} onChange={(event) => setChosen(Number(event.target.value))}>
            {Array.from({ length: job.attempt }, (_, index) => index + 1).map((each) => (
              <option key={each} value={each}>
                {t("jobs.attemptNumber", { attempt: each })}
              </option>
            ))}
          </select>
        )}
      </div>
      <LogView store={store} empty={t(job.status === "processing" ? "jobs.saidNothingYet" : "jobs.noLog")} download={isLive ? undefined : `/api/v1/jobs/${job.id}/logs?attempt=${Math.max(1, attempt)}`} />
    </section>
  );
}
