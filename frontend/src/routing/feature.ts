import type { AnyRoute } from "@tanstack/react-router";
import type { Permission } from "~/session/session";

/** The parts of the navigation, in their order. */
export type NavigationGroup = "work" | "catalog" | "platform" | "account";

export interface NavigationEntry {
  /** Where it leads, without `/dashboard`. */
  to: string;
  /** Id of the message that names it. */
  label: string;
  group: NavigationGroup;
  /** Its place in its group; leave room between neighbours. */
  order: number;
  /** Who sees it: everybody unless given, else admins, or who may do something. */
  only?: "admin" | Permission;
}

/** What a feature brings to the console; `features/<name>/feature.ts` exports one as `feature`. */
export interface Feature {
  routes: AnyRoute[];
  navigation: NavigationEntry[];
}
