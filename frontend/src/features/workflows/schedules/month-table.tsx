import { Link } from "@tanstack/react-router";
import { useLingui } from "@lingui/react";
import { useText } from "~/i18n/text";
import { Moment } from "~/ui/time";
import styles from "../workflows.module.css";
import { dateOf, weeksOf, type Day } from "./month";
import type { Mark } from "./tick-marks";

const DOTS_MAX = 24;

interface MonthTableProps {
  month: string;
  marks: Mark[];
  /** The day whose ticks are listed. */
  day: string | null;
  onChoose: (day: string) => void;
}

/** The days of a month, each with a dot for each tick, and the ticks of one of them. */
export function MonthTable({ month, marks, day: chosen, onChoose }: MonthTableProps) {
  const t = useText();
  const { i18n } = useLingui();
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
                <DayCell key={day.date} day={day} marks={byDay.get(day.date) ?? []} isChosen={day.date === chosen} onChoose={() => onChoose(day.date)} />
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
