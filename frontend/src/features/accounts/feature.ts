import type { Feature } from "~/routing/feature";

export const feature: Feature = {
  routes: [],
  navigation: [{ to: "/users", label: "accounts.title", group: "account", order: 10, only: "admin", isForeign: true }],
};
