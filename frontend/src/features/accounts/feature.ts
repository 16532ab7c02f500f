import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { textOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";

export const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users",
  validateSearch: (search: Record<string, unknown>): { search?: string } => ({ search: textOf(search, "search") }),
  component: lazyRouteComponent(() => import("./users-page"), "UsersPage"),
});

export const userRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users/$userId",
  component: lazyRouteComponent(() => import("./user-page"), "UserPage"),
});

export const profileRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/profile",
  component: lazyRouteComponent(() => import("./profile-page"), "ProfilePage"),
});

export const feature: Feature = {
  routes: [usersRoute, userRoute, profileRoute],
  navigation: [
    { to: "/profile", label: "accounts.profile", group: "account", order: 10 },
    { to: "/users", label: "accounts.title", group: "account", order: 40, only: "admin" },
  ],
};
