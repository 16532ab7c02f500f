import { useText } from "~/i18n/text";
import { exactTime } from "~/i18n/formats";
import styles from "./time-chart.module.css";
import { linePath, stackedBars, topOf, type Series } from "./shapes";

interface TimeChartProps {
  /** What it shows, for who does not see it too. */
  label: string;
  /** When each part of the time began. */
  times: Date[];
  series: Series[];
  shape: "bars" | "lines";
  /** Writes a value for people. */
  format: (value: number) => string;
}

const WIDTH = 600;
const HEIGHT = 120;

/** Values over time: bars upon each other, or lines. The values of a part of the time stand in its tooltip. */
export function TimeChart({ label, times, series, shape, format }: TimeChartProps) {
  const t = useText();
  const top = topOf(series, shape);
  const width = WIDTH / Math.max(1, times.length);
  const told = series.map(({ name, values }) => `${name} ${format(values.at(-1) ?? 0)}`).join(", ");
  return (
    <figure className={styles.chart}>
      <figcaption className={styles.head}>
        <h3>{label}</h3>
        <ul className={styles.legend}>
          {series.map(({ name, tone }) => (
            <li key={name} data-tone={tone}>
              {name}
            </li>
          ))}
        </ul>
        <span className="muted small">{t("chart.top", { value: format(top) })}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={t("chart.label", { label, told })}>
        {shape === "bars" ? (
          stackedBars(series, top, { width, height: HEIGHT }).map((bar) => <rect key={bar.key} className={styles.bar} data-tone={bar.tone} x={bar.x} y={bar.y} width={bar.width} height={bar.height} />)
        ) : (
          series.map(({ name, tone, values }) => <path key={name} className={styles.line} data-tone={tone} d={linePath(values, top, { width, height: HEIGHT })} />)
        )}
        {times.map((time, index) => (
          <rect key={time.getTime()} className={styles.slot} x={index * width} y={0} width={width} height={HEIGHT}>
            <title>{[exactTime(time), ...series.map(({ name, values }) => `${name}: ${values[index] == null ? "–" : format(values[index])}`)].join("\n")}</title>
          </rect>
        ))}
      </svg>
      <Ends times={times} />
    </figure>
  );
}

function Ends({ times }: { times: Date[] }) {
  const t = useText();
  const first = times[0];
  return (
    <div className={`muted small ${styles.ends}`}>
      <span>{first && exactTime(first)}</span>
      <span>{t("time.now")}</span>
    </div>
  );
}
