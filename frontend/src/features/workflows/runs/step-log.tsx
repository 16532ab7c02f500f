import { useEffect, useMemo, useRef, useState } from "react";
import { answerOf, api } from "~/api/client";
import { Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useFrames } from "~/live/live-state";
import { useToasts } from "~/ui/toasts";
import { LogStore } from "~/viewers/log-view/log-store";
import { LogView } from "~/viewers/log-view/log-view";
import { withoutOverlap } from "./log-overlap";
import { ENDED, type RunNode } from "./run-queries";

/** What a step has printed: what is stored, and what comes while it runs. */
export function StepLog({ runId, node, item }: { runId: number; node: RunNode; item: number | undefined }) {
  const t = useText();
  const store = useStepLog(runId, node, item);
  const query = item === undefined ? "" : `?map_index=${item}`;
  const address = `/api/v1/jobs/${runId}/logs/${encodeURIComponent(node.name)}${query}`;
  return <LogView store={store} empty={t(ENDED.has(node.status) ? "runs.noLog" : "runs.noLogYet")} download={address} />;
}

/** Whose log it is; another job, and the end of one, have another log. */
interface LogPart {
  runId: number;
  task: string;
  item: number | undefined;
  jobId: number | null;
  isOver: boolean;
}

/** Lines that come before the stored ones are there wait for them, and those that are stored too come once. */
function useStepLog(runId: number, node: RunNode, item: number | undefined): LogStore {
  const [store] = useState(() => new LogStore());
  const early = useRef<string[] | null>([]);
  const { tellError } = useToasts();
  const isOver = ENDED.has(node.status);
  const part = useMemo((): LogPart => ({ runId, task: node.name, item, jobId: node.job_id, isOver }), [runId, node.name, item, node.job_id, isOver]);
  useFrames((frames) => {
    const said = frames.filter(({ type, job_id, subject }) => type === "log" && subject !== "run" && job_id === part.jobId).flatMap(({ data }) => data.lines as string[]);
    if (early.current === null) store.append(said);
    else early.current.push(...said);
  });
  useEffect(() => {
    let isWanted = true;
    early.current = [];
    storedLog(part).then(
      (text) => {
        if (!isWanted) return;
        store.replace(text);
        store.append(withoutOverlap(store.lines, early.current ?? []));
        early.current = null;
      },
      (error: unknown) => isWanted && tellError(error),
    );
    return () => void (isWanted = false);
  }, [store, part, tellError]);
  return store;
}

/** Returns what is stored; a step that has not begun has nothing, which is no fault. */
async function storedLog({ runId, task, item }: LogPart): Promise<string> {
  const params = { path: { job_id: runId, task_name: task }, query: { map_index: item } };
  try {
    return String((await answerOf(api.GET("/api/v1/jobs/{job_id}/logs/{task_name}", { params, parseAs: "text" }))) ?? "");
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return "";
    throw error;
  }
}
