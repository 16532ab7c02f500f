import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { queryClient } from "~/api/queries";

export type User = Schemas["OwnAccountRead"];
export type Permission = Schemas["Permission"];

const WAS_SIGNED_IN = "satellite.was-signed-in";

export const userQuery = queryOptions({
  queryKey: ["session", "user"],
  queryFn: () => answerOf(api.GET("/api/v1/users/me")),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Returns who is signed in. Only for pages inside the shell, which is shown to nobody else. */
export function useUser(): User {
  return useSuspenseQuery(userQuery).data;
}

/** Tells whether who is signed in may do something, at least with what is their own. */
export function useMay(permission: Permission): boolean {
  return mayDo(useQuery({ ...userQuery, enabled: false }).data, permission);
}

/** Tells whether somebody may do something, at least with what is their own. */
export function mayDo(user: Pick<User, "permissions"> | undefined, permission: Permission): boolean {
  return user !== undefined && permission in user.permissions;
}

/** Tells whether an admin is signed in. */
export function useIsAdmin(): boolean {
  return useQuery({ ...userQuery, enabled: false }).data?.role === "admin";
}

/** Tells whether who is signed in may change anything: viewers may not. */
export function useMayChange(): boolean {
  return useQuery({ ...userQuery, enabled: false }).data?.role !== "viewer";
}

/** Signs in: the answer sets a cookie that no script can read. Throws `Refused`. */
export async function signIn(username: string, password: string): Promise<User> {
  await answerOf(api.POST("/api/v1/auth/session", { body: { username, password } }));
  sessionStorage.setItem(WAS_SIGNED_IN, "yes");
  queryClient.clear();
  return queryClient.fetchQuery(userQuery);
}

/** Signs out, also when the server is not there to hear it. */
export async function signOut(): Promise<void> {
  sessionStorage.removeItem(WAS_SIGNED_IN);
  await answerOf(api.DELETE("/api/v1/auth/session")).catch(() => {});
  queryClient.clear();
}

/** Tells whether this tab was signed in before, so that a login that has ended can be told from none. */
export function wasSignedIn(): boolean {
  return sessionStorage.getItem(WAS_SIGNED_IN) !== null;
}
