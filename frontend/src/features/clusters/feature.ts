import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { choiceOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";

export const CLUSTER_TABS = ["nodes", "jobs", "keys", "checks", "events"] as const;

export const clustersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/clusters",
  component: lazyRouteComponent(() => import("./clusters-page"), "ClustersPage"),
});

export const clusterRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/clusters/$name",
  validateSearch: (search: Record<string, unknown>) => ({ tab: choiceOf(search, "tab", CLUSTER_TABS) }),
  component: lazyRouteComponent(() => import("./cluster-page"), "ClusterPage"),
});

export const feature: Feature = {
  routes: [clustersRoute, clusterRoute],
  navigation: [{ to: "/clusters", label: "clusters.title", group: "platform", order: 20 }],
};
