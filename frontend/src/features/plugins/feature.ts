import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { choiceOf, textOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";

export const PLUGIN_TABS = ["facts", "schemas", "report", "versions"] as const;

type Search = Record<string, unknown>;

export const pluginsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/plugins",
  validateSearch: (search: Search) => ({ search: textOf(search, "search") }),
  component: lazyRouteComponent(() => import("./plugins-page"), "PluginsPage"),
});

export const pluginRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/plugins/$name",
  validateSearch: (search: Search) => ({ tab: choiceOf(search, "tab", PLUGIN_TABS), version: textOf(search, "version") }),
  component: lazyRouteComponent(() => import("./plugin-page"), "PluginPage"),
});

/** Not below `/plugins`, where each name is one that a plugin may have. */
export const registrationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/register-plugin",
  validateSearch: (search: Search) => ({ from: textOf(search, "from") }),
  component: lazyRouteComponent(() => import("./registration-page"), "RegistrationPage"),
});

export const feature: Feature = {
  routes: [pluginsRoute, pluginRoute, registrationRoute],
  navigation: [{ to: "/plugins", label: "plugins.title", group: "catalog", order: 10 }],
};
