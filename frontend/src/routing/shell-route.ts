import { createRootRoute, createRoute } from "@tanstack/react-router";
import { requireLogin } from "~/session/require-login";

/** All pages are below it. */
export const rootRoute = createRootRoute();

/** Pages that need a login are below it; `app/` gives it navigation, search and the live connection. */
export const shellRoute = createRoute({ getParentRoute: () => rootRoute, id: "shell", beforeLoad: requireLogin });
