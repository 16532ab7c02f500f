import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useLingui } from "@lingui/react";
import { useState } from "react";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { workflowRoute } from "../feature";
import type { Workflow } from "../workflow-queries";
import styles from "../workflows.module.css";
import { firstShownOf, monthOf, shifted, startOf } from "./month";
import { MonthTable } from "./month-table";
import { ticksQuery, TICKS_MAX } from "./schedule-queries";
import { markOf, PLANNED_MAX, usePlanned, type Mark } from "./tick-marks";

/** A month of ticks: what became of those that were, and those to come. */
export function Calendar({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const navigate = useNavigate();
  const [present] = useState(() => monthOf(new Date()));
  const { month = present, day = null } = workflowRoute.useSearch();
  const since = firstShownOf(month);
  const ticks = useQuery(ticksQuery(workflow.id, since));
  const planned = usePlanned(workflow, since);
  const show = (search: { month: string; day?: string }) => void navigate({ to: "/workflows/$workflowId", params: { workflowId: String(workflow.id) }, search: { tab: "calendar", ...search }, replace: true });
  const name = useMonthName(month);
  if (workflow.schedule === null) return <Empty title={t("calendar.noSchedule")}>{t("calendar.noScheduleHelp")}</Empty>;
  return (
    <section className="card" aria-label={t("workflows.tab.calendar")}>
      <div className={styles.monthBar}>
        <button type="button" aria-label={t("calendar.before")} onClick={() => show({ month: shifted(month, -1) })}>
          ←
        </button>
        <h2>{name}</h2>
        <button type="button" aria-label={t("calendar.after")} onClick={() => show({ month: shifted(month, 1) })}>
          →
        </button>
        <Legend />
      </div>
      <Shown query={ticks}>
        {(items) => (
          <>
            {items.length >= TICKS_MAX && <p className={styles.tickNote}>{t("calendar.tooMany", { count: number(TICKS_MAX) })}</p>}
            {endsBefore(planned, startOf(shifted(month, 1))) && <p className={styles.tickNote}>{t("calendar.someToCome", { count: PLANNED_MAX })}</p>}
            <MonthTable month={month} marks={[...items.map(markOf), ...planned]} day={day} onChoose={(chosen) => show({ month, day: chosen })} />
          </>
        )}
      </Shown>
    </section>
  );
}

/** Tells whether there may be ticks to come between the last that is known and a moment. */
function endsBefore(planned: Mark[], moment: Date): boolean {
  const last = planned[PLANNED_MAX - 1];
  return last !== undefined && new Date(last.at) < moment;
}

function useMonthName(month: string): string {
  const { i18n } = useLingui();
  return new Intl.DateTimeFormat(i18n.locale, { year: "numeric", month: "long" }).format(startOf(month));
}

const LEGEND = ["completed", "failed", "queued", "skipped_overlap", "missed", "paused", "planned"] as const;

function Legend() {
  const t = useText();
  return (
    <ul className={styles.legend}>
      {LEGEND.map((fate) => (
        <li key={fate}>
          <span className={styles.dot} data-fate={fate} /> {t(`calendar.fate.${fate}`)}
        </li>
      ))}
    </ul>
  );
}
