import { memo } from "react";
import { segmentsOf } from "./ansi";
import styles from "./log-view.module.css";

interface LogLineProps {
  number: number;
  line: string;
  /** Pixels from the top. */
  start: number;
  wanted: string;
  /** It is the one of those found that was gone to. */
  isCurrent: boolean;
  /** The address names it. */
  isMarked: boolean;
}

/** A line of a log, with its colours and what was searched for. */
export const LogLine = memo(function LogLine({ number, line, start, wanted, isCurrent, isMarked }: LogLineProps) {
  return (
    <div className={styles.line} style={{ transform: `translateY(${start}px)` }} data-current={isCurrent || undefined} data-marked={isMarked || undefined}>
      <a className={styles.number} href={`#L${number}`} tabIndex={-1} aria-hidden="true" data-number={number} />
      <span>
        {segmentsOf(line).map(({ text, styles: names, color }, index) => (
          <span key={index} className={names.map((name) => styles[name]).join(" ") || undefined} style={color ? { color } : undefined}>
            {marked(text, wanted)}
          </span>
        ))}
      </span>
    </div>
  );
});

function marked(text: string, wanted: string) {
  if (wanted === "" || !text.toLowerCase().includes(wanted.toLowerCase())) return text;
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return text.split(new RegExp(`(${escaped})`, "i")).map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part));
}
