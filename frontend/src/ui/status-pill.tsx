import { memo } from "react";
import { useText } from "~/i18n/text";
import { percent } from "~/i18n/formats";
import styles from "./status-pill.module.css";

interface StatusPillProps {
  /** A state of a job, or `cancelling`. */
  status: string;
  /** Between 0 and 1, while it is known. */
  progress?: number | null;
}

/** The state of a job, a run or a step, with how far it is. */
export const StatusPill = memo(function StatusPill({ status, progress = null }: StatusPillProps) {
  const t = useText();
  const isShown = status === "processing" && progress !== null;
  const bar = isShown ? { backgroundSize: `${progress * 100}% 3px` } : undefined;
  return (
    <span className={styles.pill} data-status={status} data-bar={isShown || undefined} style={bar}>
      {t(`status.${status}`)}
      {isShown && ` ${percent(progress)}`}
    </span>
  );
});
