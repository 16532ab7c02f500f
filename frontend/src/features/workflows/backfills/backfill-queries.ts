import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { workflowKeys } from "../workflow-queries";

export type BackfillRequest = Schemas["BackfillCreate"];
export type Backfill = Schemas["BackfillRead"];

const REFRESH_MS = 3_000;

/** The backfills of a workflow, newest first; asked for again while one is under way. */
export function backfillsQuery(id: number) {
  return queryOptions({
    queryKey: [...workflowKeys.one(id), "backfills"],
    queryFn: () => answerOf(api.GET("/api/v1/workflows/{workflow_id}/backfills", { params: { path: { workflow_id: id } } })),
    refetchInterval: ({ state }) => (state.data?.items.some(({ status }) => status === "running") ? REFRESH_MS : false),
  });
}

/** Says for which ticks a backfill would run. Throws `Refused`. */
export async function planBackfill(id: number, body: BackfillRequest): Promise<Schemas["BackfillPlan"]> {
  const answer = await answerOf(api.POST("/api/v1/workflows/{workflow_id}/backfills", { params: { path: { workflow_id: id } }, body: { ...body, dry_run: true } }));
  return answer as Schemas["BackfillPlan"];
}

/** Begins a backfill. Throws `Refused`. */
export function beginBackfill(id: number, body: BackfillRequest) {
  return answerOf(api.POST("/api/v1/workflows/{workflow_id}/backfills", { params: { path: { workflow_id: id } }, body: { ...body, dry_run: false } }));
}

/** Cancels the runs of a backfill, and forgets its other ticks. Throws `Refused`. */
export function cancelBackfill(id: number, number: number) {
  return answerOf(api.DELETE("/api/v1/workflows/{workflow_id}/backfills/{number}", { params: { path: { workflow_id: id, number } } }));
}
