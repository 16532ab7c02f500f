import styles from "./progress.module.css";

/** How far something is, between 0 and 1; null while nobody knows. */
export function Progress({ label, value }: { label: string; value: number | null }) {
  const now = value === null ? undefined : Math.round(value * 100);
  return (
    <div className={styles.progress} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={now} data-unknown={value === null || undefined}>
      <span style={value === null ? undefined : { width: `${value * 100}%` }} />
    </div>
  );
}
