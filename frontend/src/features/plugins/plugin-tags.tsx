import { bytes, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import type { Plugin } from "./plugin-queries";
import styles from "./plugins.module.css";

const MIB = 1024 ** 2;

/** Whether its jobs are started, how many at once, and whether its tests have passed. */
export function PluginState({ plugin: { control, report, unreadable } }: { plugin: Plugin }) {
  const t = useText();
  return (
    <span className={styles.tags}>
      {control.is_paused && <span className="tag" data-tone="warn">{t("plugins.paused")}</span>}
      {control.max_running !== null && <span className="tag">{t("plugins.atMost", { count: control.max_running })}</span>}
      {report && <span className="tag" data-tone={report.passed ? "good" : "bad"}>{t(report.passed ? "plugins.passed" : "plugins.found", { count: report.findings })}</span>}
      {unreadable && <span className="tag" data-tone="bad">{t("plugins.unreadable")}</span>}
    </span>
  );
}

/** What an attempt of it needs, and how it is run. */
export function Asked({ plugin: { resources, mode } }: { plugin: Plugin }) {
  const t = useText();
  return (
    <span className={styles.tags}>
      <span className="tag">{t("plugins.cpus", { count: number(resources.cpus) })}</span>
      <span className="tag">{bytes(resources.memory_mib * MIB)}</span>
      {resources.gpus > 0 && <span className="tag">{t("plugins.gpus", { count: number(resources.gpus) })}</span>}
      <span className="tag">{t(`plugins.mode.${mode}`)}</span>
    </span>
  );
}
