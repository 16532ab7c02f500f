import type { Feature } from "~/routing/feature";

export const feature: Feature = {
  routes: [],
  navigation: [{ to: "/plugins", label: "plugins.title", group: "catalog", order: 10, isForeign: true }],
};
