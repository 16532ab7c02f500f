import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { useText } from "~/i18n/text";
import { useLiveState } from "~/live/live-state";
import { Page } from "~/ui/page";
import { Failure, Loading } from "~/ui/states";
import { StatusPill } from "~/ui/status-pill";
import { Moment } from "~/ui/time";
import { runRoute } from "../feature";
import type { Run } from "../workflow-queries";
import { Explain } from "./explain";
import { RunActions } from "./run-actions-bar";
import { RunDrawing } from "./run-drawing";
import { Took } from "./run-list";
import type { RunGraph } from "./run-queries";
import styles from "./runs.module.css";
import { TaskPanel } from "./task-panel";
import { useRun } from "./use-run";

/** A run: its graph live, and beside it what a task says, has made, or asks for. */
export function RunPage() {
  const id = Number(runRoute.useParams().runId);
  const { run, graph } = useRun(id);
  const error = run.error ?? graph.error;
  if (run.data !== undefined && graph.data !== undefined) return <Content run={run.data} graph={graph.data} />;
  return error ? <Failure error={error} onRetry={() => void Promise.all([run.refetch(), graph.refetch()])} /> : <Loading />;
}

function Content({ run, graph }: { run: Run; graph: RunGraph }) {
  const t = useText();
  const navigate = useNavigate();
  const { staleSince } = useLiveState();
  const { task } = runRoute.useSearch();
  const selected = task ?? firstOfInterest(graph);
  const select = useCallback((name: string) => void navigate({ to: "/runs/$runId", params: { runId: String(run.id) }, search: (before: object) => ({ ...before, task: name, item: undefined }), replace: true }), [navigate, run.id]);
  const node = graph.nodes.find(({ name }) => name === selected);
  return (
    <Page title={t("runs.title", { id: run.id, name: run.workflow_name })} actions={<RunActions run={run} graph={graph} task={node?.name ?? null} />}>
      <Facts run={run} />
      {run.error?.message && (
        <p className="note bad">
          <strong>{t("runs.failed")}</strong> {run.error.task && <button type="button" className="quiet" onClick={() => select(run.error?.task ?? "")}>{run.error.task}</button>} {run.error.message}
        </p>
      )}
      <Explain run={run} />
      <div className={styles.split} data-dimmed={staleSince !== null || undefined}>
        <section className={`card ${styles.graph}`} aria-label={t("runs.graph")}>
          <RunDrawing graph={graph} selected={selected} onSelect={select} />
        </section>
        {node && <TaskPanel key={node.name} run={run} node={node} />}
      </div>
    </Page>
  );
}

/** Returns the task that is worth looking at: one that asks for something, has failed, or runs. */
function firstOfInterest({ nodes }: RunGraph): string | null {
  for (const status of ["waiting", "failed", "running"]) {
    const found = nodes.find((node) => node.status === status);
    if (found) return found.name;
  }
  return nodes.at(-1)?.name ?? null;
}

function Facts({ run }: { run: Run }) {
  const t = useText();
  return (
    <div className="row">
      <StatusPill status={run.cancelling ? "cancelling" : run.status} />
      <Link to="/workflows/$workflowId" params={{ workflowId: String(run.workflow_id) }}>
        {run.workflow_name}
      </Link>
      <span className="tag">{t("workflows.version", { version: run.version })}</span>
      <span className="tag">{t(`runs.trigger.${run.trigger}`)}</span>
      <span className="muted small">
        {t("runs.logicalDate")} <Moment time={run.logical_date} />
      </span>
      <span className="muted small">
        {t("runs.took")} <Took run={run} />
      </span>
      {run.restarted_from !== null && (
        <Link to="/runs/$runId" params={{ runId: String(run.restarted_from) }}>
          {t("runs.restartedFrom", { id: run.restarted_from })}
        </Link>
      )}
    </div>
  );
}
