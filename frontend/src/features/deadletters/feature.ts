import type { Feature } from "~/routing/feature";

export const feature: Feature = {
  routes: [],
  navigation: [{ to: "/dead-letters", label: "deadletters.title", group: "work", order: 40, isForeign: true }],
};
