import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { textOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";

export const workersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workers",
  validateSearch: (search: Record<string, unknown>) => ({ search: textOf(search, "search") }),
  component: lazyRouteComponent(() => import("./workers-page"), "WorkersPage"),
});

export const feature: Feature = {
  routes: [workersRoute],
  navigation: [{ to: "/workers", label: "workers.title", group: "platform", order: 10 }],
};
