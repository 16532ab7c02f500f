import { useText } from "~/i18n/text";
import { DrainButton } from "./drain-button";
import styles from "./workers.module.css";

/** The drained workers that give no sign of life: they stay drained when they come back. */
export function DrainedAway({ names }: { names: string[] }) {
  const t = useText();
  if (names.length === 0) return null;
  return (
    <section className="card padded" aria-label={t("workers.drainedAway")}>
      <h2>{t("workers.drainedAway")}</h2>
      <ul className={styles.list}>
        {names.map((name) => (
          <li key={name}>
            <span className="grow">{name}</span>
            <DrainButton name={name} isDrained />
          </li>
        ))}
      </ul>
    </section>
  );
}
