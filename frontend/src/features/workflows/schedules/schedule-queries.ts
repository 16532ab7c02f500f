import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { workflowKeys } from "../workflow-queries";
import type { Schedule } from "./schedule-text";

export type Tick = Schemas["TickRead"];

const TICKS_PAGE = 200;
/** Of so many ticks at most the fates are asked for at once. */
export const TICKS_MAX = 2_000;

/** The schedule, its next ticks, and why ticks come to nothing. */
export function scheduleQuery(id: number) {
  return queryOptions({
    queryKey: [...workflowKeys.one(id), "schedule"],
    queryFn: () => answerOf(api.GET("/api/v1/workflows/{workflow_id}/schedule", { params: { path: { workflow_id: id } } })),
  });
}

/** The ticks that a schedule would have from a moment on, now unless given. */
export function previewQuery(id: number, schedule: Schedule, { count, after }: { count: number; after?: string }) {
  return queryOptions({
    queryKey: [...workflowKeys.one(id), "preview", schedule, count, after],
    queryFn: () => answerOf(api.POST("/api/v1/workflows/{workflow_id}/schedule/preview", { params: { path: { workflow_id: id } }, body: { ...schedule, count, after } })),
    retry: false,
  });
}

/** What became of the ticks since a moment, newest first; of at most 2,000. */
export function ticksQuery(id: number, since: Date) {
  return queryOptions({
    queryKey: [...workflowKeys.one(id), "ticks", since.toISOString()],
    queryFn: () => ticksSince(id, since),
    refetchInterval: 30_000,
  });
}

async function ticksSince(id: number, since: Date): Promise<Tick[]> {
  const found: Tick[] = [];
  for (;;) {
    const query = { skip: found.length, limit: TICKS_PAGE };
    const { items } = await answerOf(api.GET("/api/v1/workflows/{workflow_id}/ticks", { params: { path: { workflow_id: id }, query } }));
    found.push(...items);
    const oldest = items.at(-1);
    if (oldest === undefined || items.length < TICKS_PAGE || found.length >= TICKS_MAX || new Date(oldest.scheduled_for) < since) return found;
  }
}

/** Changes when a workflow runs by itself; `revision` is that of what was read. Throws `Refused`. */
export function changeSchedule(id: number, revision: number, schedule: Schedule) {
  return answerOf(api.PUT("/api/v1/workflows/{workflow_id}/schedule", { params: { path: { workflow_id: id }, header: { "If-Match": `"${revision}"` } }, body: schedule }));
}

/** Lets a workflow run by hand only. Throws `Refused`. */
export function dropSchedule(id: number, revision: number) {
  return answerOf(api.PUT("/api/v1/workflows/{workflow_id}", { params: { path: { workflow_id: id }, header: { "If-Match": `"${revision}"` } }, body: { schedule: null } }));
}
