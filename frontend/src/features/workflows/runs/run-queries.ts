import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import type { Run } from "../workflow-queries";

/** Its edges are pairs, which the API description cannot say. */
export type RunGraph = Omit<Schemas["RunGraph"], "edges"> & { edges: [number, number][] };
export type RunNode = Schemas["GraphNode"];
export type Plan = Schemas["RestartRead"];

export const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);

export const runKeys = {
  one: (id: number) => ["runs", id] as const,
  graph: (id: number) => ["runs", id, "graph"] as const,
};

/** A run, without how far its tasks are, which its graph says. */
export function runQuery(id: number) {
  return queryOptions({
    queryKey: runKeys.one(id),
    queryFn: async () => (await answerOf(api.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: id } } }))) as Run,
  });
}

/** The tasks of a run, how far each is, and what depends on what. */
export function graphQuery(id: number) {
  return queryOptions({
    queryKey: runKeys.graph(id),
    queryFn: async () => (await answerOf(api.GET("/api/v1/runs/{run_id}/graph", { params: { path: { run_id: id } } }))) as RunGraph,
  });
}

/** What the steps of a task have pushed. */
export function xcomsQuery(id: number, task: string, status: string) {
  return queryOptions({
    queryKey: [...runKeys.one(id), "xcoms", task, status],
    queryFn: () => answerOf(api.GET("/api/v1/runs/{run_id}/xcoms", { params: { path: { run_id: id }, query: { task } } })),
  });
}

/** The steps of a task: one, or one for each item. */
export function stepsQuery(id: number, task: string, status: string) {
  return queryOptions({
    queryKey: [...runKeys.one(id), "steps", task, status],
    queryFn: () => answerOf(api.GET("/api/v1/runs/{run_id}/steps", { params: { path: { run_id: id }, query: { task, limit: 200 } } })),
    refetchInterval: status === "running" ? 2_000 : false,
  });
}

/** One step of a mapped task, by the place of its item. */
export function stepQuery(id: number, task: string, place: number, status: string) {
  return queryOptions({
    queryKey: [...runKeys.one(id), "steps", task, place, status],
    queryFn: () => answerOf(api.GET("/api/v1/runs/{run_id}/steps", { params: { path: { run_id: id }, query: { task, skip: place, limit: 1 } } })),
  });
}

/** The job of a step of a run. */
export function stepJobQuery(id: number, jobId: number) {
  return queryOptions({
    queryKey: [...runKeys.one(id), "job", jobId],
    queryFn: async () => (await answerOf(api.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: jobId } } }))) as Schemas["JobRead"],
  });
}

/** Why a run is not further than it is. */
export function explanationQuery(id: number, status: string) {
  return queryOptions({
    queryKey: [...runKeys.one(id), "explain", status],
    queryFn: () => answerOf(api.GET("/api/v1/jobs/{job_id}/explain", { params: { path: { job_id: id } } })),
    refetchInterval: 5_000,
  });
}
