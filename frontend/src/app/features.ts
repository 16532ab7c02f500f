import { mayDo, type User } from "~/session/session";
import type { Feature, NavigationEntry, NavigationGroup } from "~/routing/feature";

const modules = import.meta.glob<{ feature: Feature }>("../features/*/feature.ts", { eager: true });

/** All features: a folder with a `feature.ts` is one. */
export const features: Feature[] = Object.values(modules).map((module) => module.feature);

/** The parts of the navigation, as they are shown. */
export const GROUPS: readonly NavigationGroup[] = ["work", "catalog", "platform", "account"];

/** Returns the entries of a part of the navigation that somebody sees, in their order. */
export function entriesOf(group: NavigationGroup, user: User): NavigationEntry[] {
  return features
    .flatMap((feature) => feature.navigation)
    .filter((entry) => entry.group === group && sees(user, entry))
    .toSorted((one, other) => one.order - other.order);
}

function sees(user: User, { only }: NavigationEntry): boolean {
  if (only === "admin") return user.role === "admin";
  return only === undefined || mayDo(user, only);
}
