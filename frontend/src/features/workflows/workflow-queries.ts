import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";

export type Workflow = Schemas["WorkflowDetail"];
export type Definition = Schemas["WorkflowDefinition-Input"];
export type Task = Schemas["Task"];
export type Run = Schemas["RunRead"];

export const PAGE_SIZE = 50;

/** The keys of what is known of workflows. */
export const workflowKeys = {
  all: ["workflows"] as const,
  list: ["workflows", "list"] as const,
  one: (id: number) => ["workflows", id] as const,
  runs: (id: number) => ["workflows", id, "runs"] as const,
};

/** All workflows that one may see, newest first, page after page. */
export const workflowListQuery = infiniteQueryOptions({
  queryKey: workflowKeys.list,
  queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/workflows", { params: { query: { skip: pageParam, limit: PAGE_SIZE } } })),
  initialPageParam: 0,
  getNextPageParam: (page, pages) => {
    const shown = pages.reduce((count, { items }) => count + items.length, 0);
    return page.items.length === PAGE_SIZE && shown < page.total ? shown : undefined;
  },
});

/** A workflow as it is being edited. */
export function workflowQuery(id: number) {
  return queryOptions({
    queryKey: workflowKeys.one(id),
    queryFn: () => answerOf(api.GET("/api/v1/workflows/{workflow_id}", { params: { path: { workflow_id: id } } })),
  });
}

/** The newest runs of a workflow. */
export function runsQuery(id: number) {
  return infiniteQueryOptions({
    queryKey: workflowKeys.runs(id),
    queryFn: async ({ pageParam }) => {
      const query = { kind: "run" as const, workflow_id: id, limit: PAGE_SIZE, cursor: pageParam };
      const { items, next_cursor } = await answerOf(api.GET("/api/v1/jobs", { params: { query } }));
      return { items: items.filter((item): item is Run => item.kind === "run"), next_cursor };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** All versions that were deployed, newest first. */
export function versionsQuery(id: number) {
  return queryOptions({
    queryKey: [...workflowKeys.one(id), "versions"],
    queryFn: () => answerOf(api.GET("/api/v1/workflows/{workflow_id}/versions", { params: { path: { workflow_id: id }, query: { limit: PAGE_SIZE } } })),
  });
}

/** What a version runs; it never changes. */
export function versionQuery(id: number, version: number) {
  return queryOptions({
    queryKey: [...workflowKeys.one(id), "versions", version],
    queryFn: () => answerOf(api.GET("/api/v1/workflows/{workflow_id}/versions/{version}", { params: { path: { workflow_id: id, version } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
