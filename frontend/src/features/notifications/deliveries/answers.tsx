import { duration } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Ago } from "~/ui/time";
import styles from "../notifications.module.css";
import type { Answer } from "./delivery-queries";

/** What a receiver said to the last attempts, the latest first. */
export function Answers({ answers }: { answers: Answer[] }) {
  const t = useText();
  if (answers.length === 0) return <p className="muted">{t("deliveries.noAnswer")}</p>;
  return (
    <ol className={styles.answers} aria-label={t("deliveries.answers")}>
      {answers.toReversed().map((answer) => (
        <li key={answer.attempt} className={answer.fate === "delivered" ? "note" : "note bad"}>
          <div className="row">
            <strong>{t(`deliveries.fate.${answer.fate}`)}</strong>
            {answer.status !== null && <span className="tag">{answer.status}</span>}
            <span className="muted">{t("deliveries.attempt", { attempt: answer.attempt })}</span>
            <span className="number">{duration(answer.ms)}</span>
            <Ago time={answer.at} />
          </div>
          {answer.said !== "" && <pre tabIndex={0}>{answer.said}</pre>}
        </li>
      ))}
    </ol>
  );
}
