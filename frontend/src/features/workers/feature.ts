import type { Feature } from "~/routing/feature";

export const feature: Feature = {
  routes: [],
  navigation: [{ to: "/workers", label: "workers.title", group: "platform", order: 10, isForeign: true }],
};
