import { useUser } from "~/session/session";
import type { Model } from "./model-queries";

/** Tells whether who is signed in may move aliases, begin rollouts and delete versions: the model's owner and admins. */
export function useOwns({ owner_id }: Model): boolean {
  const { id, role } = useUser();
  return role === "admin" || (role === "user" && owner_id === id);
}
