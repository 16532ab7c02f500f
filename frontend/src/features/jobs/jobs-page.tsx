import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useText } from "~/i18n/text";
import { useLiveState } from "~/live/live-state";
import { useMayChange, useUser } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { TableHead, tableStyles } from "~/ui/table";
import { BulkActions } from "./bulk-actions";
import { jobsRoute } from "./feature";
import type { JobFilter } from "./job-filter";
import { JobRow } from "./job-row";
import { JobsToolbar } from "./jobs-toolbar";
import styles from "./jobs-page.module.css";
import { useJobList } from "./use-job-list";
import { useSelection } from "./use-selection";

/** All jobs, live. */
export function JobsPage() {
  const t = useText();
  const filter = jobsRoute.useSearch();
  const navigate = useNavigate();
  const mayChange = useMayChange();
  const submit = useCallback(() => void navigate({ to: "/submit" }), [navigate]);
  useCommands(mayChange ? [{ id: "jobs.submit", label: t("jobs.submit"), shortcut: "n", run: submit }] : []);
  const newJob = mayChange && (
    <button type="button" className="primary" onClick={submit}>
      {t("jobs.submit")}
    </button>
  );
  return (
    <Page title={t("jobs.title")} about={t("jobs.about")} actions={newJob}>
      <JobList key={JSON.stringify(filter)} filter={filter} />
    </Page>
  );
}

function JobList({ filter }: { filter: JobFilter }) {
  const t = useText();
  const list = useJobList(filter);
  const selection = useSelection(list.jobs);
  return (
    <section className="card" aria-label={t("jobs.title")}>
      <JobsToolbar filter={filter} shown={list.jobs.length} total={list.total} />
      <BulkActions filter={filter} selection={selection} total={list.total} />
      <Shown query={list}>
        {() => (list.jobs.length === 0 ? <NoJobs filter={filter} /> : <JobTable list={list} selection={selection} />)}
      </Shown>
    </section>
  );
}

type TableProps = { list: ReturnType<typeof useJobList>; selection: ReturnType<typeof useSelection> };

function JobTable({ list, selection }: TableProps) {
  const t = useText();
  const navigate = useNavigate();
  const showsOwner = useUser().role !== "user";
  const { staleSince } = useLiveState();
  const open = useCallback((id: number) => void navigate({ to: `/jobs/${id}` }), [navigate]);
  const columns = useMemo(
    () => [
      { id: "select", title: <AllBox label={t("jobs.selectAll")} isChecked={selection.isAll} onChange={selection.selectAll} /> },
      { id: "job", title: t("jobs.column.job") },
      { id: "plugin", title: t("jobs.column.plugin") },
      { id: "status", title: t("jobs.column.status") },
      { id: "attempt", title: t("jobs.column.attempt"), isExtra: true },
      { id: "submitted", title: t("jobs.column.submitted"), isExtra: true },
      { id: "time", title: t("jobs.column.time"), isExtra: true },
    ],
    [t, selection.isAll, selection.selectAll],
  );
  return (
    <>
      <div className={tableStyles.scroll}>
        <table className={tableStyles.table} aria-label={t("jobs.title")} data-dimmed={staleSince !== null || undefined}>
          <TableHead columns={columns} />
          <tbody>
            {list.jobs.map((job) => (
              <JobRow key={job.id} job={job} isSelected={selection.ids.has(job.id)} showsOwner={showsOwner} onSelect={selection.select} onOpen={open} />
            ))}
          </tbody>
        </table>
      </div>
      {list.hasNextPage && (
        <p className={styles.more}>
          <button type="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("action.more")}
          </button>
        </p>
      )}
    </>
  );
}

function AllBox({ label, isChecked, onChange }: { label: string; isChecked: boolean; onChange: (isChecked: boolean) => void }) {
  return <input type="checkbox" aria-label={label} checked={isChecked} onChange={(event) => onChange(event.target.checked)} />;
}

function NoJobs({ filter }: { filter: JobFilter }) {
  const t = useText();
  const isFiltered = filter.status !== undefined || filter.plugin !== undefined;
  if (isFiltered) return <Empty title={t("jobs.noMatch")}>{t("jobs.noMatchHelp")}</Empty>;
  return (
    <Empty title={t("jobs.none")}>
      {t("jobs.noneHelp")} <code>satellite run</code>
    </Empty>
  );
}
