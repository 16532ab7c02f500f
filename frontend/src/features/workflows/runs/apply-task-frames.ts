import type { Frame } from "~/live/live-socket";
import type { RunGraph, RunNode } from "./run-queries";

type Told = { task?: string; status?: RunNode["status"]; reason?: string | null; job_id?: number; steps?: { total: number | null; completed: number; failed: number } };

const OVER: ReadonlySet<string> = new Set(["completed", "failed", "blocked", "skipped", "cancelled"]);

/** Returns a graph as it is after frames of its run; nodes that nothing was told of stay the same objects. */
export function applyTaskFrames(graph: RunGraph, frames: readonly Frame[]): RunGraph {
  const told = Map.groupBy(frames.filter(({ type, subject, job_id }) => type === "task" && subject === "run" && job_id === graph.run_id), ({ data }) => (data as Told).task ?? "");
  if (told.size === 0) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => (told.get(node.name) ?? []).reduce(applied, node)) };
}

function applied(node: RunNode, { data, at }: Frame): RunNode {
  const { status = node.status, reason = node.reason, job_id = node.job_id, steps } = data as Told;
  const isOver = OVER.has(status);
  return {
    ...node, status, reason, job_id,
    ...(steps === undefined ? {} : { total: steps.total, completed: steps.completed, failed: steps.failed }),
    started_at: node.started_at ?? (status === "running" ? at : null),
    ended_at: isOver ? (node.ended_at ?? at) : null,
  };
}
