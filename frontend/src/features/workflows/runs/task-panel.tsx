import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useText } from "~/i18n/text";
import { Empty, Loading, Shown } from "~/ui/states";
import { Table } from "~/ui/table";
import { Moment } from "~/ui/time";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import { STEP_TABS, runRoute } from "../feature";
import { Tabs } from "../tabs";
import type { Run } from "../workflow-queries";
import { Took } from "./run-list";
import { stepsQuery, xcomsQuery, type RunNode } from "./run-queries";
import styles from "./runs.module.css";
import { StepLog } from "./step-log";
import { TaskPill } from "./task-pill";

const Approval = lazy(() => import("./approval"));

/** A task of a run: what it asks for, says, has made, and its steps. */
export function TaskPanel({ run, node }: { run: Run; node: RunNode }) {
  const t = useText();
  const navigate = useNavigate();
  const { show = "log", item } = runRoute.useSearch();
  const go = (search: object) => void navigate({ to: "/runs/$runId", params: { runId: String(run.id) }, search: (before: object) => ({ ...before, task: node.name, ...search }), replace: true });
  const asks = node.kind === "approval" && node.status === "waiting";
  return (
    <section className={`card ${styles.panel}`} aria-label={node.name}>
      <header className={styles.panelHead}>
        <h2>{node.name}</h2>
        <TaskPill status={node.status} />
        <span className="muted small">{t(`runs.kind.${node.kind}`)}</span>
        {node.reason && <p className="muted small">{node.reason}</p>}
      </header>
      {asks && (
        <Suspense fallback={<Loading />}>
          <Approval run={run} task={node.name} />
        </Suspense>
      )}
      <div className={styles.panelTabs}>
        <Tabs tabs={STEP_TABS} chosen={show} onChoose={(tab) => go({ show: tab })} />
      </div>
      <div className={styles.panelBody}>
        {show === "log" && <StepLog runId={run.id} node={node} item={item} onItem={(next) => go({ item: next })} />}
        {show === "data" && <Data runId={run.id} node={node} />}
        {show === "steps" && <Steps runId={run.id} node={node} onOpen={(index) => go({ show: "log", item: index ?? undefined })} />}
        {show === "facts" && <Facts node={node} />}
      </div>
    </section>
  );
}

function Data({ runId, node }: { runId: number; node: RunNode }) {
  const t = useText();
  const xcoms = useQuery(xcomsQuery(runId, node.name, node.status));
  return (
    <Shown query={xcoms}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title={t("runs.noData")}>{t("runs.noDataHelp")}</Empty>
        ) : (
          items.map(({ key, map_index, value }) => (
            <div key={`${map_index} ${key}`} className={styles.value}>
              <h3>
                {key} {map_index !== null && <span className="muted small">[{map_index}]</span>}
              </h3>
              <JsonTree value={value} label={key} />
            </div>
          ))
        )
      }
    </Shown>
  );
}

function Steps({ runId, node, onOpen }: { runId: number; node: RunNode; onOpen: (index: number | null) => void }) {
  const t = useText();
  const steps = useQuery(stepsQuery(runId, node.name, node.status));
  return (
    <Shown query={steps}>
      {({ items, total }) => (
        <>
          {total > items.length && <p className="muted small">{t("runs.stepsShown", { shown: items.length, total })}</p>}
          {items.length === 0 ? (
            <Empty title={t("runs.noSteps")} />
          ) : (
            <Table
              label={t("workflows.tab.steps")} rows={items} keyOf={({ map_index }) => map_index ?? -1} onOpen={({ map_index }) => onOpen(map_index)}
              columns={[
                { id: "step", title: t("runs.step"), cell: ({ map_index }) => <button type="button" className="quiet" onClick={() => onOpen(map_index)}>{map_index ?? "–"}</button> },
                { id: "status", title: t("runs.status"), cell: ({ status }) => <TaskPill status={status} /> },
                { id: "job", title: t("runs.job"), cell: ({ job_id }) => (job_id === null ? "–" : <a href={`/dashboard/jobs/${job_id}`}>#{job_id}</a>) },
                { id: "reused", title: t("runs.reused"), isExtra: true, cell: ({ reused_from }) => reused_from ?? "–" },
              ]}
            />
          )}
        </>
      )}
    </Shown>
  );
}

function Facts({ node }: { node: RunNode }) {
  const t = useText();
  return (
    <dl className="facts">
      <dt>{t("runs.job")}</dt>
      <dd>{node.job_id === null ? "–" : <a href={`/dashboard/jobs/${node.job_id}`}>#{node.job_id}</a>}</dd>
      <dt>{t("runs.took")}</dt>
      <dd>
        <Took run={{ started_at: node.started_at, completed_at: node.ended_at }} />
      </dd>
      <dt>{t("runs.startedAt")}</dt>
      <dd>
        <Moment time={node.started_at} />
      </dd>
      <dt>{t("runs.endedAt")}</dt>
      <dd>
        <Moment time={node.ended_at} />
      </dd>
    </dl>
  );
}
