import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Segments } from "~/ui/segments";
import { Empty, Shown } from "~/ui/states";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import { PLUGIN_TABS, pluginRoute } from "./feature";
import { PluginButtons } from "./plugin-buttons";
import { PluginFacts } from "./plugin-facts";
import { versionsQuery, type Plugin } from "./plugin-queries";
import { PluginReport } from "./plugin-report";
import { PluginState } from "./plugin-tags";
import { PluginVersions } from "./plugin-versions";
import styles from "./plugins.module.css";

/** A plugin: one of its versions, and all there are. */
export function PluginPage() {
  const t = useText();
  const { name } = pluginRoute.useParams();
  const { version } = pluginRoute.useSearch();
  const versions = useQuery(versionsQuery(name));
  return (
    <Shown query={versions}>
      {(all) => {
        const plugin = version === undefined ? all[0] : all.find((each) => each.version === version);
        return plugin ? <Content plugin={plugin} versions={all} /> : <Empty title={t("plugins.noVersion", { version })} />;
      }}
    </Shown>
  );
}

function Content({ plugin, versions }: { plugin: Plugin; versions: Plugin[] }) {
  const t = useText();
  const navigate = useNavigate();
  const { tab = "facts", version } = pluginRoute.useSearch();
  const go = (search: { tab?: (typeof PLUGIN_TABS)[number]; version?: string }) => void navigate({ to: "/plugins/$name", params: { name: plugin.name }, search });
  return (
    <Page title={plugin.name} about={plugin.description} actions={<PluginButtons plugin={plugin} />}>
      <div className="row">
        <Segments label={t("plugins.parts")} choices={PLUGIN_TABS.map((value) => ({ value, text: t(`plugins.tab.${value}`) }))} chosen={tab} onChoose={(next) => go({ tab: next, version })} />
        <select className={styles.version} aria-label={t("plugins.version")} value={plugin.version} onChange={(event) => go({ tab, version: event.target.value })}>
          {versions.map((each) => (
            <option key={each.version}>{each.version}</option>
          ))}
        </select>
        <PluginState plugin={plugin} />
      </div>
      {plugin.unreadable && (
        <p className="note bad">
          <strong>{t("plugins.unreadable")}</strong> {plugin.unreadable}
        </p>
      )}
      {tab === "facts" && <PluginFacts plugin={plugin} />}
      {tab === "schemas" && <Schemas plugin={plugin} />}
      {tab === "report" && <PluginReport plugin={plugin} />}
      {tab === "versions" && <PluginVersions versions={versions} />}
    </Page>
  );
}

function Schemas({ plugin: { input_schema, output_schema } }: { plugin: Plugin }) {
  const t = useText();
  const examples = Array.isArray(input_schema.examples) ? (input_schema.examples as unknown[]) : [];
  return (
    <div className={styles.columns}>
      <section className={styles.part}>
        <h2>{t("plugins.input")}</h2>
        <JsonTree value={input_schema} label={t("plugins.input")} />
      </section>
      <section className={styles.part}>
        <h2>{t("plugins.output")}</h2>
        <JsonTree value={output_schema} label={t("plugins.output")} />
      </section>
      <section className={styles.part}>
        <h2>{t("plugins.examples")}</h2>
        {examples.length === 0 && <p className="muted">{t("plugins.noExamples")}</p>}
        {examples.map((example, index) => (
          <JsonTree key={index} value={example} label={t("plugins.example", { number: index + 1 })} />
        ))}
      </section>
    </div>
  );
}
