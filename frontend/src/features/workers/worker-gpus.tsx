import { bytes } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import type { Worker } from "./worker-queries";
import styles from "./workers.module.css";

const MIB = 1024 ** 2;

/** The graphics cards of a worker, and how much of each the models keep that it has loaded. */
export function WorkerGpus({ worker: { cards, loaded } }: { worker: Worker }) {
  const t = useText();
  if (cards.length === 0) return null;
  return (
    <ul className={styles.list} aria-label={t("workers.cards")}>
      {cards.map((card) => {
        const holders = loaded.filter(({ gpu_ids }) => gpu_ids.includes(card.uuid));
        const memory = holders.reduce((sum, each) => sum + each.gpu_memory_mib, 0);
        return (
          <li key={card.uuid}>
            <span className="grow">
              {card.name || "GPU"} <span className="muted small">{card.uuid.slice(0, 12)}</span>
            </span>
            <span className="number">{t("workers.cardMemory", { kept: bytes(memory * MIB), of: bytes(card.memory_mib * MIB) })}</span>
          </li>
        );
      })}
    </ul>
  );
}
