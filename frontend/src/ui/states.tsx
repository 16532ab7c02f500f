import { useEffect, useState, type ReactNode } from "react";
import { problemText, Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import styles from "./states.module.css";

interface EmptyProps {
  title: string;
  /** What to do about it. */
  children?: ReactNode;
}

/** What stands where a list has nothing to show. */
export function Empty({ title, children }: EmptyProps) {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      <div className="muted">{children}</div>
    </div>
  );
}

const SILENT_MS = 200;

/** What stands where something is still on its way; nothing at first, because most things are there at once. */
export function Loading() {
  const t = useText();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SILENT_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={styles.state} aria-busy="true">
      {isLate && (
        <p className={styles.loading} role="status">
          {t("state.loading")}
        </p>
      )}
    </div>
  );
}

/** What stands where something could not be had, with why, and a way to try again. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useText();
  const isMissing = error instanceof Refused && error.status === 404;
  const requestId = error instanceof Refused ? error.problem?.request_id : null;
  return (
    <div className={styles.state} role="alert">
      <p className={styles.title}>{t(isMissing ? "state.missing" : "state.failed")}</p>
      <p className="muted">{problemText(error)}</p>
      {requestId && <p className="muted small">{t("state.requestId", { id: requestId })}</p>}
      {onRetry && !isMissing && (
        <button type="button" onClick={onRetry}>
          {t("action.retry")}
        </button>
      )}
    </div>
  );
}

interface Answer<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Shows what a query has answered, or that it is on its way, or that it failed. */
export function Shown<T>({ query, children }: { query: Answer<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading />;
}
