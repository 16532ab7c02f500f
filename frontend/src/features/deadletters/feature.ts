import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { shellRoute } from "~/routing/shell-route";
import { readLetterFilter } from "./letter-filter";

export const deadLettersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/dead-letters",
  validateSearch: readLetterFilter,
  component: lazyRouteComponent(() => import("./dead-letters-page"), "DeadLettersPage"),
});

export const feature: Feature = {
  routes: [deadLettersRoute],
  navigation: [{ to: "/dead-letters", label: "deadletters.title", group: "work", order: 40 }],
};
