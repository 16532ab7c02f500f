import { bytes } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import type { Worker } from "./worker-queries";
import styles from "./workers.module.css";

const MIB = 1024 ** 2;

/** What a worker keeps ready: server plugins with what they have loaded, and spares that wait for a job. */
export function Loaded({ worker: { loaded, spares } }: { worker: Worker }) {
  const t = useText();
  if (loaded.length + spares.length === 0) return null;
  return (
    <ul className={styles.list} aria-label={t("workers.loaded")}>
      {loaded.map((each, index) => (
        <li key={`${each.name} ${index}`}>
          <span className="grow">
            {each.model ?? each.name} <span className="muted small">{each.model ? each.name : each.version}</span>
          </span>
          <span className="tag" data-tone={each.busy ? "good" : "plain"}>{t(each.busy ? "workers.busy" : "workers.idle")}</span>
          <span className="number">{bytes(each.memory_mib * MIB)}</span>
        </li>
      ))}
      {spares.map((each) => (
        <li key={`${each.name} ${each.version}`}>
          <span className="grow">
            {each.name} <span className="muted small">{each.version}</span>
          </span>
          <span className="tag">{t("workers.spares", { count: each.count })}</span>
          <span className="number">{bytes(each.count * each.memory_mib * MIB)}</span>
        </li>
      ))}
    </ul>
  );
}
