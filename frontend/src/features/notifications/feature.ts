import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Feature } from "~/routing/feature";
import { choiceOf, numberOf } from "~/routing/search";
import { shellRoute } from "~/routing/shell-route";
import { readDeliveryFilter, type DeliveryFilter } from "./deliveries/delivery-filter";

export const TABS = ["channels", "rules", "deliveries"] as const;
export type Tab = (typeof TABS)[number];

export const notificationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/notifications",
  validateSearch: (search: Record<string, unknown>): DeliveryFilter & { tab?: Tab; delivery?: number } => ({
    ...readDeliveryFilter(search),
    tab: choiceOf(search, "tab", TABS),
    delivery: numberOf(search, "delivery"),
  }),
  component: lazyRouteComponent(() => import("./notifications-page"), "NotificationsPage"),
});

export const feature: Feature = {
  routes: [notificationsRoute],
  navigation: [{ to: "/notifications", label: "notifications.title", group: "account", order: 30, only: "notifications:manage" }],
};
