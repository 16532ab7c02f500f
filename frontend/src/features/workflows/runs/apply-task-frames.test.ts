import { expect, test } from "vitest";
import type { Frame } from "~/live/live-socket";
import { applyTaskFrames } from "./apply-task-frames";
import type { RunGraph, RunNode } from "./run-queries";

const node = (name: string): RunNode => ({ name, kind: "python", status: "pending", reason: null, total: 1, completed: 0, failed: 0, job_id: null, started_at: null, ended_at: null });
const GRAPH: RunGraph = { run_id: 7, status: "processing", nodes: [node("a"), node("b")], edges: [[0, 1]] };
const frame = (data: Frame["data"], job_id = 7): Frame => ({ cursor: "1", job_id, subject: "run", type: "task", at: "2026-01-02T00:00:00Z", data });

test("a task is as its frames say, and others are the same objects", () => {
  const after = applyTaskFrames(GRAPH, [frame({ task: "a", status: "running", job_id: 9 }), frame({ task: "a", status: "completed", steps: { total: 3, completed: 3, failed: 0 } })]);
  expect(after.nodes[0]).toMatchObject({ status: "completed", job_id: 9, total: 3, completed: 3, started_at: "2026-01-02T00:00:00Z", ended_at: "2026-01-02T00:00:00Z" });
  expect(after.nodes[1]).toBe(GRAPH.nodes[1]);
});

test("frames of other runs change nothing", () => {
  expect(applyTaskFrames(GRAPH, [frame({ task: "a", status: "running" }, 8)])).toBe(GRAPH);
});

test("a task that runs again has not ended", () => {
  const ended = applyTaskFrames(GRAPH, [frame({ task: "a", status: "failed" })]);
  expect(applyTaskFrames(ended, [frame({ task: "a", status: "running" })]).nodes[0]?.ended_at).toBeNull();
});
