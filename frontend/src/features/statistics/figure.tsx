import type { ReactNode } from "react";
import { number } from "~/i18n/formats";
import styles from "./overview-page.module.css";

interface FigureProps {
  label: string;
  /** Undefined while it is not known. */
  value: number | undefined;
  note?: ReactNode;
  status?: string;
}

/** One number, with what it is of. */
export function Figure({ label, value, note = "", status }: FigureProps) {
  return (
    <div className={`card ${styles.figure}`} data-status={status}>
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>{value === undefined ? "–" : number(value)}</span>
      <span className="muted small">{note}</span>
    </div>
  );
}
