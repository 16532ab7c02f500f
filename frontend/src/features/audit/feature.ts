import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { numberOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";
import { readEntryFilter, type EntryFilter } from "./entry-filter";

export const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/audit",
  validateSearch: (search: Record<string, unknown>): EntryFilter & { entry?: number } => ({ ...readEntryFilter(search), entry: numberOf(search, "entry") }),
  component: lazyRouteComponent(() => import("./audit-page"), "AuditPage"),
});

export const feature: Feature = {
  routes: [auditRoute],
  navigation: [{ to: "/audit", label: "audit.title", group: "account", order: 50, only: "audit:read" }],
};
