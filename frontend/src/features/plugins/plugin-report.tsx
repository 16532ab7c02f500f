import { useQuery } from "@tanstack/react-query";
import { duration, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { Ago } from "~/ui/time";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import { reportQuery, type Plugin } from "./plugin-queries";
import styles from "./plugins.module.css";

/** What `satellite plugin test` found of a version. */
export function PluginReport({ plugin }: { plugin: Plugin }) {
  const t = useText();
  if (plugin.report) return <Report plugin={plugin} />;
  return (
    <Empty title={t("plugins.noReport")}>
      {t("plugins.noReportHelp")} <code>satellite plugin test</code>
    </Empty>
  );
}

function Report({ plugin: { name, version } }: { plugin: Plugin }) {
  const t = useText();
  const report = useQuery(reportQuery(name, version));
  return (
    <Shown query={report}>
      {({ runtime, tested_at, checks }) => (
        <section className="stack" aria-label={t("plugins.tab.report")}>
          <p className="muted">
            {t("plugins.testedAs", { runtime })} <Ago time={tested_at} />
          </p>
          <ul className={styles.checks}>
            {checks.map(({ check, runs, slowest_s, findings }) => (
              <li key={check} className="card padded">
                <p className="row">
                  <span className="tag" data-tone={findings.length === 0 ? "good" : "bad"}>{findings.length === 0 ? t("plugins.ok") : t("plugins.found", { count: findings.length })}</span>
                  <strong>{t(`plugins.check.${check}`)}</strong>
                  {runs > 0 && <span className="muted small">{t("plugins.checkRuns", { runs: number(runs), slowest: duration(slowest_s * 1_000) })}</span>}
                </p>
                {findings.map(({ message, input, log }, index) => (
                  <div key={index} className={styles.part}>
                    <p className="error-text">{message}</p>
                    {input != null && <JsonTree value={input} label={t("plugins.findingInput")} />}
                    {log && <pre tabIndex={0}>{log}</pre>}
                  </div>
                ))}
              </li>
            ))}
          </ul>
        </section>
      )}
    </Shown>
  );
}
