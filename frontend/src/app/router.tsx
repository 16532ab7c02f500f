import { createRoute, createRouter, redirect } from "@tanstack/react-router";
import { rootRoute, shellRoute } from "~/routing/shell-route";
import { textOf } from "~/routing/search";
import { Failure, Loading } from "~/ui/states";
import { NotFound } from "./not-found";
import { features } from "./features";
import { LoginPage } from "./login-page";
import { Shell } from "./shell";

const HOME = "/overview";

shellRoute.update({ component: Shell });

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: HOME });
  },
});

export const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/login",
  validateSearch: (search: Record<string, unknown>) => ({ next: textOf(search, "next"), ended: search.ended === true || undefined }),
  component: function Login() {
    const { next, ended } = loginRoute.useSearch();
    return <LoginPage next={next ?? HOME} hasEnded={ended === true} />;
  },
});

const pages = shellRoute.addChildren(features.flatMap((feature) => feature.routes));

/** The places of the console; each has its address below `/dashboard`. */
export const router = createRouter({
  routeTree: rootRoute.addChildren([homeRoute, loginRoute, pages]),
  basepath: "/dashboard",
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingComponent: Loading,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} onRetry={reset} />,
});
