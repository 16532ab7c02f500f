import { useQuery } from "@tanstack/react-query";
import { failureText, outcomeText } from "~/api/problems";
import { bytes } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Shown } from "~/ui/states";
import { StatusPill } from "~/ui/status-pill";
import { Moment } from "~/ui/time";
import { artifactsQuery, attemptsQuery, eventsQuery, type Job } from "./job-queries";
import styles from "./job-page.module.css";

/** What hangs on a job: its files, attempts and events. */
export function JobHistory({ job }: { job: Job }) {
  return (
    <>
      {job.artifacts > 0 && <Artifacts job={job} />}
      <Attempts job={job} />
      <Events job={job} />
    </>
  );
}

function Artifacts({ job }: { job: Job }) {
  const t = useText();
  return (
    <section className={styles.part}>
      <h2>{t("jobs.artifacts")}</h2>
      <Shown query={useQuery(artifactsQuery(job))}>
        {({ items }) => (
          <ul className={styles.list}>
            {items.map((file) => (
              <li key={file.name}>
                <a href={artifactAddress(job.id, file.name)} download>
                  {file.name}
                </a>
                <span className="muted">{bytes(file.size_bytes)}</span>
                {file.media_type.startsWith("image/") && <img className={styles.preview} src={artifactAddress(job.id, file.name)} alt={file.name} loading="lazy" />}
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </section>
  );
}

/** Returns where a file that a job has written can be had. */
function artifactAddress(id: number, name: string): string {
  return `/api/v1/jobs/${id}/artifacts/${name.split("/").map(encodeURIComponent).join("/")}`;
}

function Attempts({ job }: { job: Job }) {
  const t = useText();
  const { data } = useQuery(attemptsQuery(job));
  if (data === undefined || data.total === 0) return null;
  return (
    <section className={styles.part}>
      <h2>{t("jobs.attempts")}</h2>
      <ul className={styles.list}>
        {data.items.map((attempt) => (
          <li key={`${attempt.attempt} ${attempt.finished_at}`}>
            <strong>{attempt.attempt}</strong>
            <span>{outcomeText(attempt.outcome)}</span>
            <span className="muted">{attempt.worker}</span>
            <Moment time={attempt.finished_at} />
            {attempt.error && <span className="error-text">{`${failureText(attempt.error.kind)}: ${attempt.error.message}`}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Events({ job }: { job: Job }) {
  const t = useText();
  const { data } = useQuery(eventsQuery(job));
  if (data === undefined || data.total === 0) return null;
  return (
    <details>
      <summary>{t("jobs.events", { count: data.total })}</summary>
      <ul className={styles.list}>
        {data.items.map((event) => (
          <li key={event.cursor}>
            <Moment time={event.at} />
            {typeof event.data.status === "string" ? <StatusPill status={event.data.status} /> : event.type}
            {typeof event.data.worker === "string" && <span className="muted">{event.data.worker}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
