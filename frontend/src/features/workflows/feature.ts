import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { choiceOf, numberOf, textOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";

export const WORKFLOW_TABS = ["runs", "schedule", "calendar", "backfills", "versions"] as const;
export const STEP_TABS = ["log", "data", "steps", "facts"] as const;
const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

type Search = Record<string, unknown>;

export const workflowsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workflows",
  component: lazyRouteComponent(() => import("./workflows-page"), "WorkflowsPage"),
});

export const workflowRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workflows/$workflowId",
  validateSearch: (search: Search) => {
    const [month, day] = [textOf(search, "month"), textOf(search, "day")];
    return { tab: choiceOf(search, "tab", WORKFLOW_TABS), month: MONTH.test(month ?? "") ? month : undefined, day: DAY.test(day ?? "") ? day : undefined };
  },
  component: lazyRouteComponent(() => import("./workflow-page"), "WorkflowPage"),
});

export const editorRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workflows/$workflowId/edit",
  validateSearch: (search: Search) => ({ task: textOf(search, "task"), side: choiceOf(search, "side", ["task", "text"] as const) }),
  component: lazyRouteComponent(() => import("./editor/editor-page"), "EditorPage"),
});

export const runRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/runs/$runId",
  validateSearch: (search: Search) => ({ task: textOf(search, "task"), show: choiceOf(search, "show", STEP_TABS), item: numberOf(search, "item") }),
  component: lazyRouteComponent(() => import("./runs/run-page"), "RunPage"),
});

export const feature: Feature = {
  routes: [workflowsRoute, workflowRoute, editorRoute, runRoute],
  navigation: [{ to: "/workflows", label: "workflows.title", group: "work", order: 30 }],
};
