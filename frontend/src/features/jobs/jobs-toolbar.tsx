import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { pluginNamesQuery } from "~/api/plugin-names";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Segments } from "~/ui/segments";
import { JOB_STATUSES, type JobFilter, type JobStatus } from "./job-filter";

import styles from "./jobs-page.module.css";

/** The API counts no further. */
const COUNTED_MAX = 1_000;

/** What narrows the list of jobs; all of it stands in the address. */
export function JobsToolbar({ filter, shown, total }: { filter: JobFilter; shown: number; total: number }) {
  const t = useText();
  const navigate = useNavigate();
  const narrow = (change: Partial<JobFilter>) => void navigate({ to: "/jobs", search: { ...filter, ...change } });
  const choices = [{ value: "", text: t("jobs.all") }, ...JOB_STATUSES.map((value) => ({ value, text: t(`status.${value}`) }))] as { value: JobStatus | ""; text: string }[];
  const isMore = total >= COUNTED_MAX;
  return (
    <div className={styles.toolbar}>
      <Segments label={t("jobs.column.status")} choices={choices} chosen={filter.status ?? ""} onChoose={(status) => narrow({ status: status || undefined })} />
      <Search key={filter.plugin} plugin={filter.plugin} onPlugin={(plugin) => narrow({ plugin })} />
      {total > 0 && <span className={`muted small ${styles.count}`}>{t("jobs.count", { shown: number(shown), total: number(total), isMore: String(isMore) })}</span>}
    </div>
  );
}

function Search({ plugin, onPlugin }: { plugin: string | undefined; onPlugin: (plugin: string | undefined) => void }) {
  const t = useText();
  const navigate = useNavigate();
  const names = useQuery(pluginNamesQuery).data ?? [];
  const search = (typed: string) => {
    const id = /^#?(\d+)$/.exec(typed)?.[1];
    if (id === undefined) onPlugin(typed || undefined);
    else void navigate({ to: `/jobs/${id}` });
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    search(String(new FormData(event.currentTarget).get("search")).trim());
  };
  return (
    <form role="search" onSubmit={submit}>
      <input
        className={styles.search} name="search" type="search" list="plugin-names" aria-label={t("jobs.search")} placeholder={t("jobs.search")} defaultValue={plugin}
        onChange={(event) => (event.target.value === "" || names.includes(event.target.value)) && search(event.target.value)}
      />
      <datalist id="plugin-names">
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </datalist>
    </form>
  );
}
