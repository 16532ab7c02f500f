import { redirect } from "@tanstack/react-router";
import { Refused } from "~/api/problems";
import { queryClient } from "~/api/queries";
import { userQuery, wasSignedIn } from "./session";

/** Asks who is signed in before a page is shown, and asks to sign in where nobody is. */
export async function requireLogin({ location }: { location: { href: string } }): Promise<void> {
  try {
    await queryClient.ensureQueryData(userQuery);
  } catch (error) {
    if (!(error instanceof Refused && error.status === 401)) throw error;
    throw redirect({ to: "/login", search: { next: location.href, ended: wasSignedIn() || undefined } });
  }
}
