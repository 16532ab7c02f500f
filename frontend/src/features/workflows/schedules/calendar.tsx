import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useLingui } from "@lingui/react";
import { useState } from "react";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { Moment } from "~/ui/time";
import { workflowRoute } from "../feature";
import type { Workflow } from "../workflow-queries";
import styles from "../workflows.module.css";
import { dateOf, monthOf, shifted, startOf, weeksOf, type Day } from "./month";
import { previewQuery, ticksQuery, TICKS_MAX, type Tick } from "./schedule-queries";
import type { Schedule } from "./schedule-text";

interface Mark {
  at: string;
  /** A fate, a state of the run, or `planned`. */
  fate: string;
  runId: number | null;
}

const DOTS_MAX = 24;
const PLANNED = 100;
const NEVER: Schedule = { catchup: "none", overlap: "skip", timezone: "UTC" };

/** A month of ticks: what became of those that were, and those to come. */
export function Calendar({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const navigate = useNavigate();
  const [present] = useState(() => monthOf(new Date()));
  const { month = present } = workflowRoute.useSearch();
  const ticks = useQuery(ticksQuery(workflow.id, startOf(month)));
  const planned = usePlanned(workflow);
  const go = (by: number) => void navigate({ to: "/workflows/$workflowId", params: { workflowId: String(workflow.id) }, search: { tab: "calendar", month: shifted(month, by) } });
  const name = useMonthName(month);
  if (workflow.schedule === null) return <Empty title={t("calendar.noSchedule")}>{t("calendar.noScheduleHelp")}</Empty>;
  return (
    <section className="card" aria-label={t("workflows.tab.calendar")}>
      <div className={styles.monthBar}>
        <button type="button" aria-label={t("calendar.before")} onClick={() => go(-1)}>
          ←
        </button>
        <h2>{name}</h2>
        <button type="button" aria-label={t("calendar.after")} onClick={() => go(1)}>
          →
        </button>
        <Legend />
      </div>
      <Shown query={ticks}>
        {(items) => (
          <>
            {items.length >= TICKS_MAX && <p className="note">{t("calendar.tooMany", { count: number(TICKS_MAX) })}</p>}
            <Month month={month} marks={[...items.map(markOf), ...planned]} />
          </>
        )}
      </Shown>
    </section>
  );
}

function usePlanned(workflow: Workflow): Mark[] {
  const { schedule } = workflow;
  const preview = useQuery({ ...previewQuery(workflow.id, schedule ?? NEVER, { count: PLANNED }), enabled: schedule !== null && workflow.is_active && workflow.deployed_version !== null });
  return preview.data?.ticks.map(({ at }) => ({ at, fate: "planned", runId: null })) ?? [];
}

function markOf({ scheduled_for, fate, run_id, run_status }: Tick): Mark {
  return { at: scheduled_for, fate: fate === "ran" ? (run_status ?? "ran") : fate, runId: run_id };
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

function Month({ month, marks }: { month: string; marks: Mark[] }) {
  const t = useText();
  const { i18n } = useLingui();
  const [chosen, setChosen] = useState<string | null>(null);
  const byDay = Map.groupBy(marks, ({ at }) => dateOf(new Date(at)));
  const weeks = weeksOf(month);
  const names = weeks[0]?.map(({ date }) => new Intl.DateTimeFormat(i18n.locale, { weekday: "short" }).format(new Date(`${date}T12:00`))) ?? [];
  const shown = chosen === null ? [] : (byDay.get(chosen) ?? []).toSorted((one, other) => one.at.localeCompare(other.at));
  return (
    <>
      <table className={styles.month} aria-label={t("workflows.tab.calendar")}>
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0]?.date}>
              {week.map((day) => (
                <DayCell key={day.date} day={day} marks={byDay.get(day.date) ?? []} isChosen={day.date === chosen} onChoose={() => setChosen(day.date)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {chosen !== null && <Ticks marks={shown} />}
    </>
  );
}

interface DayProps {
  day: Day;
  marks: Mark[];
  isChosen: boolean;
  onChoose: () => void;
}

function DayCell(props: DayProps) {
  return (
    <td className={styles.day} data-outside={!props.day.isInMonth || undefined}>
      <DayButton {...props} />
    </td>
  );
}

function DayButton({ day, marks, isChosen, onChoose }: DayProps) {
  const t = useText();
  return (
    <button type="button" aria-pressed={isChosen} onClick={onChoose}>
      <span className="small">{day.number}</span>
      <span className="visually-hidden">{t("calendar.day", { date: day.date, count: marks.length })}</span>
      <span className={styles.dots}>
        {marks.slice(0, DOTS_MAX).map(({ at, fate }) => (
          <span key={`${at} ${fate}`} className={styles.dot} data-fate={fate} />
        ))}
        {marks.length > DOTS_MAX && <span className="muted small">+{marks.length - DOTS_MAX}</span>}
      </span>
    </button>
  );
}

function Ticks({ marks }: { marks: Mark[] }) {
  const t = useText();
  if (marks.length === 0) return <p className={styles.tickNote}>{t("calendar.noTicks")}</p>;
  return (
    <ol className={styles.ticks}>
      {marks.map(({ at, fate, runId }) => (
        <li key={`${at} ${fate}`}>
          <span className={styles.dot} data-fate={fate} /> <Moment time={at} /> {t(`calendar.fate.${fate}`)}{" "}
          {runId !== null && (
            <Link to="/runs/$runId" params={{ runId: String(runId) }}>
              #{runId}
            </Link>
          )}
        </li>
      ))}
    </ol>
  );
}
