import { useUser } from "~/session/session";
import type { Plugin } from "./plugin-queries";

/** Tells whether who is signed in may register, hand over and delete versions of a plugin: its owner and admins. */
export function useOwns(plugin: Plugin | undefined): boolean {
  const { id, role } = useUser();
  return role === "admin" || (role === "user" && plugin?.owner_id === id);
}
