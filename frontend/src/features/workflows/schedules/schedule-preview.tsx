import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { problemText } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Moment } from "~/ui/time";
import styles from "../workflows.module.css";
import { previewQuery } from "./schedule-queries";
import type { Schedule } from "./schedule-text";

const PREVIEWED = 10;

/** The next ticks that a schedule would have, also before it is saved. */
export function SchedulePreview({ workflowId, schedule }: { workflowId: number; schedule: Schedule }) {
  const t = useText();
  const asked = useDeferredValue(schedule);
  const preview = useQuery({ ...previewQuery(workflowId, asked, { count: PREVIEWED }), placeholderData: keepPreviousData });
  return (
    <section className="card padded stack" aria-label={t("schedule.preview")} aria-busy={preview.isFetching}>
      <h2>{t("schedule.preview")}</h2>
      {preview.error ? (
        <p className="error-text" role="alert">
          {problemText(preview.error)}
        </p>
      ) : (
        <ol className={styles.ticks}>
          {preview.data?.ticks.map(({ at, local, note }) => (
            <li key={at}>
              <Moment time={at} />
              <span className="muted small">{t("schedule.there", { time: local.slice(0, 16).replace("T", " ") })}</span>
              {note && <span className="tag" data-tone="warn">{note}</span>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
