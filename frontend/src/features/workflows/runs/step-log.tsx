import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "~/api/client";
import { useText } from "~/i18n/text";
import { Loading, Shown } from "~/ui/states";
import { LogView } from "~/viewers/log-view/log-view";
import { useJobLog } from "~/viewers/log-view/use-job-log";
import { ENDED, stepQuery, type RunNode } from "./run-queries";
import styles from "./runs.module.css";
import { useStepJob } from "./use-step-job";

interface StepLogProps {
  runId: number;
  node: RunNode;
  /** Of a mapped task: whose log. */
  item: number | undefined;
  onItem: (item: number) => void;
}

/** What a step has printed, live while it runs; of a mapped task that of one of its items. */
export function StepLog({ runId, node, item = 0, onItem }: StepLogProps) {
  // A task that is not mapped tells the job of its only step itself.
  const isOfItems = node.job_id === null;
  const steps = useQuery({ ...stepQuery(runId, node.name, item, node.status), enabled: isOfItems });
  if (isOfItems && steps.isPending) return <Loading />;
  const step = steps.data?.items.find(({ map_index }) => map_index === item);
  const jobId = node.job_id ?? step?.job_id ?? step?.reused_from ?? null;
  return (
    <>
      {step !== undefined && <ItemChoice item={item} count={steps.data?.total ?? 1} onChoose={onItem} />}
      {jobId === null ? <NothingSaid isOver={ENDED.has(node.status)} /> : <JobLog key={jobId} runId={runId} jobId={jobId} />}
    </>
  );
}

function ItemChoice({ item, count, onChoose }: { item: number; count: number; onChoose: (item: number) => void }) {
  const t = useText();
  const choose = (value: number) => Number.isSafeInteger(value) && value >= 0 && value < count && onChoose(value);
  return (
    <label className={styles.item}>
      {t("runs.item")}
      <input type="number" min={0} max={count - 1} value={item} onChange={(event) => choose(event.target.valueAsNumber)} />
      <span className="muted small">0–{count - 1}</span>
    </label>
  );
}

function NothingSaid({ isOver }: { isOver: boolean }) {
  const t = useText();
  return <p className="muted">{t(isOver ? "runs.noLog" : "runs.noLogYet")}</p>;
}

function JobLog({ runId, jobId }: { runId: number; jobId: number }) {
  const job = useStepJob(runId, jobId);
  return <Shown query={job}>{(data) => <Lines job={data} />}</Shown>;
}

function Lines({ job }: { job: Schemas["JobRead"] }) {
  const t = useText();
  const isOver = ENDED.has(job.status);
  const store = useJobLog(job.id, job.attempt, isOver ? null : (job.started_at ?? ""));
  return <LogView store={store} empty={t(isOver ? "runs.noLog" : "runs.noLogYet")} download={isOver ? `/api/v1/jobs/${job.id}/logs` : undefined} />;
}
