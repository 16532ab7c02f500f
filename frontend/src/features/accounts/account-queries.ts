import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { nextSkip } from "~/api/paging";

export type Account = Schemas["UserRead"];
export type Role = Schemas["Role"];
export type Limits = Schemas["UserLimitsPut"];

export const ROLES = ["user", "viewer", "admin"] as const satisfies readonly Role[];

/** The keys of what is known of accounts. */
export const accountKeys = {
  all: ["accounts"] as const,
  one: (id: number) => ["accounts", "one", id] as const,
};

const PAGE_SIZE = 50;

/** The accounts in whose address or name something stands. */
export function accountListQuery(search: string | undefined) {
  return infiniteQueryOptions({
    queryKey: [...accountKeys.all, "list", search],
    queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/users", { params: { query: { search, skip: pageParam, limit: PAGE_SIZE } } })),
    initialPageParam: 0,
    getNextPageParam: nextSkip,
  });
}

/** An account. */
export function accountQuery(id: number) {
  return queryOptions({
    queryKey: accountKeys.one(id),
    queryFn: () => answerOf(api.GET("/api/v1/users/{user_id}", { params: { path: { user_id: id } } })),
  });
}

/** What was set for an account, and what it is held to. */
export function limitsQuery(id: number) {
  return queryOptions({
    queryKey: [...accountKeys.one(id), "limits"],
    queryFn: () => answerOf(api.GET("/api/v1/users/{user_id}/limits", { params: { path: { user_id: id } } })),
  });
}
