import { Link } from "@tanstack/react-router";
import type { Schemas } from "~/api/client";
import { failureText } from "~/api/problems";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Progress } from "~/ui/progress";
import styles from "./overview-page.module.css";

/** Why jobs failed in the last day, the most frequent reason first. */
export function FailureKinds({ failures }: { failures: Schemas["FailureFigures"][] }) {
  const t = useText();
  const all = failures.reduce((sum, { jobs }) => sum + jobs, 0);
  return (
    <div className="card padded stack">
      <h3>{t("statistics.byFailure")}</h3>
      {failures.length === 0 ? (
        <p className="muted">{t("statistics.noFailure")}</p>
      ) : (
        <ul className={styles.failures}>
          {failures.map(({ kind, jobs }) => (
            <li key={kind}>
              <div className="row">
                <span className="tag" data-tone="bad">
                  {kind}
                </span>
                <span className="muted small grow">{failureText(kind)}</span>
                <span className="number">{number(jobs)}</span>
              </div>
              <Progress label={kind} value={jobs / all} />
            </li>
          ))}
        </ul>
      )}
      <Link to="/jobs" search={{ status: "failed" }}>
        {t("statistics.toFailed")}
      </Link>
    </div>
  );
}
