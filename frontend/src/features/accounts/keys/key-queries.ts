import { infiniteQueryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { nextSkip } from "~/api/paging";

export type ApiKey = Schemas["KeyRead"];
export type KeyState = "valid" | "expired" | "revoked";

/** The key of all that is known of API keys. */
export const KEYS = ["accounts", "keys"] as const;

/** The API keys of an account, revoked ones too, newest first. */
export function keyListQuery(accountId: number) {
  return infiniteQueryOptions({
    queryKey: [...KEYS, accountId],
    queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/api-keys", { params: { query: { user_id: accountId, skip: pageParam } } })),
    initialPageParam: 0,
    getNextPageParam: nextSkip,
  });
}

/** Makes a key of one's own; its text is in this answer only. Throws `Refused`. */
export function makeKey(terms: Schemas["KeyCreate"]): Promise<Schemas["KeyMade"]> {
  return answerOf(api.POST("/api/v1/api-keys", { body: terms }));
}

/** Revokes a key. Throws `Refused`. */
export async function revokeKey(id: number): Promise<void> {
  await answerOf(api.DELETE("/api/v1/api-keys/{key_id}", { params: { path: { key_id: id } } }));
}

/** Returns whether a key still opens anything. */
export function stateOf({ revoked_at, expires_at }: Pick<ApiKey, "revoked_at" | "expires_at">, now: Date): KeyState {
  if (revoked_at !== null) return "revoked";
  return expires_at !== null && new Date(expires_at) <= now ? "expired" : "valid";
}
