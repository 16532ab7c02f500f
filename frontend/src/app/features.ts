import type { Feature, NavigationEntry, NavigationGroup } from "~/routing/feature";

const modules = import.meta.glob<{ feature: Feature }>("../features/*/feature.ts", { eager: true });

/** All features: a folder with a `feature.ts` is one. */
export const features: Feature[] = Object.values(modules).map((module) => module.feature);

/** The parts of the navigation, as they are shown. */
export const GROUPS: readonly NavigationGroup[] = ["work", "catalog", "platform", "account"];

/** Returns the entries of a part of the navigation in their order. */
export function entriesOf(group: NavigationGroup, { isAdmin }: { isAdmin: boolean }): NavigationEntry[] {
  return features
    .flatMap((feature) => feature.navigation)
    .filter((entry) => entry.group === group && (isAdmin || entry.only !== "admin"))
    .toSorted((one, other) => one.order - other.order);
}
