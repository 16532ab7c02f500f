import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { choiceOf, numberOf, textOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";

export const MODEL_TABS = ["versions", "card", "rollout", "predict"] as const;

type Search = Record<string, unknown>;

const modelsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/models",
  component: lazyRouteComponent(() => import("./models-page"), "ModelsPage"),
});

export const modelRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/models/$name",
  /** `compare` are versions, as `1,3`. */
  validateSearch: (search: Search) => ({ tab: choiceOf(search, "tab", MODEL_TABS), version: numberOf(search, "version"), compare: textOf(search, "compare") }),
  component: lazyRouteComponent(() => import("./model-page"), "ModelPage"),
});

export const feature: Feature = {
  routes: [modelsRoute, modelRoute],
  navigation: [{ to: "/models", label: "models.title", group: "catalog", order: 20 }],
};
