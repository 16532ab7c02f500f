import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import type { Schemas } from "~/api/client";
import { problemText } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Moment } from "~/ui/time";
import styles from "../workflows.module.css";
import { clockOf } from "./month";
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
          {preview.data?.ticks.map((tick) => (
            <PreviewedTick key={tick.at} tick={tick} />
          ))}
        </ol>
      )}
    </section>
  );
}

function PreviewedTick({ tick: { at, local, note } }: { tick: Schemas["PreviewedTickRead"] }) {
  const t = useText();
  const there = local.slice(0, "2026-01-02T03:04".length).replace("T", " ");
  return (
    <li>
      <Moment time={at} />
      {there !== clockOf(new Date(at)) && <span className="muted small">{t("schedule.there", { time: there })}</span>}
      {note && (
        <span className="tag" data-tone="warn">
          {note}
        </span>
      )}
    </li>
  );
}
