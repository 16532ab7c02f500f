import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { duration } from "~/i18n/formats";
import { useText, type TextOf } from "~/i18n/text";
import { useFrames } from "~/live/live-state";
import { Empty, Shown } from "~/ui/states";
import { StatusPill } from "~/ui/status-pill";
import { Table, type Column } from "~/ui/table";
import { Ago, Moment, Since } from "~/ui/time";
import { runsQuery, workflowKeys, type Run } from "../workflow-queries";

const REFRESH_MS = 700;

/** The runs of a workflow, newest first, live. */
export function RunList({ workflowId }: { workflowId: number }) {
  const t = useText();
  const navigate = useNavigate();
  const runs = useInfiniteQuery(runsQuery(workflowId));
  useRefreshing(workflowId);
  const open = ({ id }: Run) => void navigate({ to: "/runs/$runId", params: { runId: String(id) } });
  return (
    <section className="card" aria-label={t("workflows.tab.runs")}>
      <Shown query={runs}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items);
          if (rows.length === 0) return <Empty title={t("runs.none")}>{t("runs.noneHelp")}</Empty>;
          return (
            <>
              <Table label={t("workflows.tab.runs")} columns={columns(t)} rows={rows} keyOf={({ id }) => id} onOpen={open} />
              {runs.hasNextPage && (
                <button type="button" className="quiet wide" disabled={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
                  {t("action.more")}
                </button>
              )}
            </>
          );
        }}
      </Shown>
    </section>
  );
}

function columns(t: TextOf): Column<Run>[] {
  return [
    { id: "run", title: t("runs.run"), cell: ({ id }) => <Link to="/runs/$runId" params={{ runId: String(id) }}>#{id}</Link> },
    { id: "status", title: t("runs.status"), cell: ({ status, cancelling }) => <StatusPill status={cancelling ? "cancelling" : status} /> },
    { id: "trigger", title: t("runs.trigger"), cell: ({ trigger }) => t(`runs.trigger.${trigger}`) },
    { id: "date", title: t("runs.logicalDate"), isExtra: true, cell: ({ logical_date }) => <Moment time={logical_date} /> },
    { id: "version", title: t("workflows.column.version"), isExtra: true, cell: ({ version }) => t("workflows.version", { version }) },
    { id: "begun", title: t("runs.begun"), isExtra: true, cell: ({ created_at }) => <Ago time={created_at} /> },
    { id: "took", title: t("runs.took"), cell: (run) => <Took run={run} /> },
  ];
}

/** How long a run took, or has taken so far. */
export function Took({ run: { started_at, completed_at } }: { run: Pick<Run, "started_at" | "completed_at"> }) {
  if (started_at === null) return <span className="muted">–</span>;
  if (completed_at === null) return <Since time={started_at} />;
  return <span className="number">{duration(Date.parse(completed_at) - Date.parse(started_at))}</span>;
}

function useRefreshing(workflowId: number): void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  useFrames((frames) => {
    if (!frames.some(({ subject, type }) => subject === "run" && (type === "status" || type === "result"))) return;
    timer.current ??= setTimeout(() => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: workflowKeys.runs(workflowId) });
    }, REFRESH_MS);
  });
}
