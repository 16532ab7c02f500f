import { useQuery } from "@tanstack/react-query";
import { bytes, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Progress } from "~/ui/progress";
import { Empty, Shown } from "~/ui/states";
import { nodesQuery } from "./cluster-queries";
import styles from "./clusters.module.css";
import { Holder } from "./holder";

const MIB = 1024 ** 2;

/** Its machines with their cards, how much of each is used, and by whom. */
export function Nodes({ name }: { name: string }) {
  const t = useText();
  const nodes = useQuery(nodesQuery(name));
  return (
    <Shown query={nodes}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title={t("clusters.noNodes")}>{t("clusters.noNodesHelp")}</Empty>
        ) : (
          <div className="cards">
            {items.map((node) => (
              <article key={node.name} className={`card padded ${styles.part}`} aria-label={node.name}>
                <h2>{node.name}</h2>
                <p className="muted small">{t("clusters.machine", { cpus: number(node.cpus), memory: bytes(node.memory_mib * MIB) })}</p>
                <ul className={styles.list}>
                  {node.cards.map((card) => {
                    const used = t("clusters.usedOf", { used: bytes(card.memory_used_mib * MIB), of: bytes(card.memory_mib * MIB) });
                    return (
                      <li key={card.uuid} className={styles.card}>
                        <p className="row">
                          <span className="grow">{`${card.index} · ${card.name || "GPU"}`}</span>
                          <Holder holder={card.holder ?? null} />
                        </p>
                        <Progress label={`${card.index}: ${used}`} value={card.memory_mib === 0 ? 0 : Math.min(1, card.memory_used_mib / card.memory_mib)} />
                        <p className="muted small">{used}</p>
                      </li>
                    );
                  })}
                </ul>
              </article>
            ))}
          </div>
        )
      }
    </Shown>
  );
}
