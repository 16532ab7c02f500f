import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { shellRoute } from "~/routing/shell-route";

const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/overview",
  component: lazyRouteComponent(() => import("./overview-page"), "OverviewPage"),
});

export const feature: Feature = {
  routes: [overviewRoute],
  navigation: [{ to: "/overview", label: "statistics.title", group: "work", order: 10 }],
};
