import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { numberOf, textOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";
import { readJobFilter } from "./job-filter";

export const jobsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/jobs",
  validateSearch: readJobFilter,
  component: lazyRouteComponent(() => import("./jobs-page"), "JobsPage"),
});

export const jobRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/jobs/$jobId",
  component: lazyRouteComponent(() => import("./job-page"), "JobPage"),
});

/** A new job: of a plugin, or with the input of another job. */
export const submitRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/submit",
  validateSearch: (search: Record<string, unknown>): { plugin?: string; from?: number } => ({ plugin: textOf(search, "plugin"), from: numberOf(search, "from") }),
  component: lazyRouteComponent(() => import("./submit-page"), "SubmitPage"),
});

export const feature: Feature = {
  routes: [jobsRoute, jobRoute, submitRoute],
  navigation: [
    { to: "/jobs", label: "jobs.title", group: "work", order: 20 },
    { to: "/submit", label: "jobs.submit", group: "work", order: 22 },
  ],
};
