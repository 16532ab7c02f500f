import { useText } from "~/i18n/text";
import type { Cluster } from "./cluster-queries";
import styles from "./clusters.module.css";

const TONES: Record<Cluster["state"], string> = { ready: "good", unreachable: "bad", untrusted: "bad", refused: "bad", unconfirmed: "warn" };

/** How a cluster is, whether jobs are sent there, and whether its connector still tells of it. */
export function ClusterState({ cluster: { state, is_draining, is_reporting } }: { cluster: Cluster }) {
  const t = useText();
  return (
    <span className={styles.tags}>
      <span className="tag" data-tone={TONES[state]}>{t(`clusters.state.${state}`)}</span>
      {is_draining && <span className="tag" data-tone="warn">{t("clusters.draining")}</span>}
      {!is_reporting && state !== "unconfirmed" && <span className="tag" data-tone="warn">{t("clusters.silent")}</span>}
    </span>
  );
}

/** What its state means for jobs, and what can be done about it; nothing where all is well. */
export function StateHelp({ cluster: { state, reason, is_reporting } }: { cluster: Cluster }) {
  const t = useText();
  if (state === "ready" && is_reporting) return null;
  return (
    <div className={state === "unconfirmed" ? "note" : "note bad"}>
      {/* Of one that is not confirmed the reason says the same as the help. */}
      {reason && state !== "unconfirmed" && <strong>{reason}</strong>}
      {state !== "ready" && <p>{t(`clusters.help.${state}`)}</p>}
      {!is_reporting && <p>{t("clusters.silentHelp")} <code>analysis-server connector</code></p>}
    </div>
  );
}
