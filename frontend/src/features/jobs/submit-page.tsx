import { useQuery } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { submitRoute } from "./feature";
import { jobQuery, pluginsQuery } from "./job-queries";
import { SubmitForm } from "./submit-form";

/** Where a job is made: of a plugin, or from another job's input. */
export function SubmitPage() {
  const t = useText();
  const { plugin, from } = submitRoute.useSearch();
  const plugins = useQuery(pluginsQuery);
  const source = useQuery({ ...jobQuery(from ?? 0), enabled: from !== undefined });
  const template = source.data?.kind === "job" ? source.data : undefined;
  const isReady = from === undefined || source.data !== undefined;
  return (
    <Page title={t("jobs.submit")} about={from === undefined ? t("jobs.submitAbout") : t("jobs.submitFrom", { id: from })}>
      <Shown query={isReady ? plugins : source}>
        {() => {
          const items = plugins.data?.items ?? [];
          const chosen = items.find(({ name }) => name === (template?.plugin_name ?? plugin)) ?? items[0];
          if (chosen === undefined) return <Empty title={t("jobs.noPlugin")}>{t("jobs.noPluginHelp")} <code>satellite plugin register</code></Empty>;
          return <SubmitForm key={`${chosen.name} ${from}`} plugins={items} plugin={chosen} template={template} />;
        }}
      </Shown>
    </Page>
  );
}
