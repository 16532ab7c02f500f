import { useEffect, useState } from "react";
import { answerOf, api } from "~/api/client";
import { Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { LiveSocket } from "~/live/live-socket";
import { useToasts } from "~/ui/toasts";
import { LogStore } from "~/viewers/log-view/log-store";
import { LogView } from "~/viewers/log-view/log-view";
import type { Job } from "./job-queries";
import styles from "./job-page.module.css";

const ENDED = new Set(["completed", "failed", "cancelled"]);

/** What a job says: live and from its beginning while it runs, then as it was stored. */
export function JobLog({ job }: { job: Job }) {
  const t = useText();
  const [chosen, setChosen] = useState<number | null>(null);
  const attempt = chosen ?? job.attempt;
  const isLive = attempt === job.attempt && !ENDED.has(job.status);
  const store = useLog(job.id, attempt, isLive ? (job.started_at ?? "") : null);
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

/** `liveSince` is since when the attempt runs; null of one whose log is stored. */
function useLog(id: number, attempt: number, liveSince: string | null): LogStore {
  const [store] = useState(() => new LogStore());
  const { tellError } = useToasts();
  useEffect(() => {
    if (attempt === 0) return;
    if (liveSince !== null) return followed(store, id, attempt, liveSince);
    const path = { job_id: id };
    const asked = answerOf(api.GET("/api/v1/jobs/{job_id}/logs", { params: { path, query: { attempt } }, parseAs: "text" }));
    asked.then(
      (text) => store.replace(String(text ?? "")),
      // An attempt that said nothing has no log, and what was read live is better than none.
      (error: unknown) => error instanceof Refused && error.status === 404 ? undefined : tellError(error),
    );
  }, [store, id, attempt, liveSince, tellError]);
  return store;
}

/**
 * Adds the lines of an attempt by a socket of its own. Cursors begin with milliseconds, so one of when the attempt
 * began brings what it said before the page was opened, as far as the server still has it.
 */
function followed(store: LogStore, id: number, attempt: number, since: string): () => void {
  store.replace("");
  const after = since === "" ? null : `${Date.parse(since)}-0:0`;
  const socket = new LiveSocket(
    {
      onFrame: ({ type, data }) => {
        if (type === "log" && data.attempt === attempt) store.append(data.lines as string[]);
        if (type === "result") socket.stop();
      },
      onGap: () => store.replace(""),
      onState: () => {},
      onSignedOut: () => {},
    },
    { path: `/api/v1/ws/jobs/${id}`, after },
  );
  socket.start();
  return () => socket.stop();
}
