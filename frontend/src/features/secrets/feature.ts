import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { shellRoute } from "~/routing/shell-route";

const secretsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/secrets",
  component: lazyRouteComponent(() => import("./secrets-page"), "SecretsPage"),
});

export const feature: Feature = {
  routes: [secretsRoute],
  navigation: [{ to: "/secrets", label: "secrets.title", group: "account", order: 20, only: "secrets:manage" }],
};
