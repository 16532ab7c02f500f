import { useText } from "~/i18n/text";
import styles from "./runs.module.css";

/** The state of a task of a run. */
export function TaskPill({ status }: { status: string }) {
  const t = useText();
  return (
    <span className={styles.pill} data-state={status}>
      {t(`runs.task.${status}`)}
    </span>
  );
}
