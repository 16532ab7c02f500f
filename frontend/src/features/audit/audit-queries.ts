import { infiniteQueryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import type { Action } from "./actions";
import type { EntryFilter } from "./entry-filter";

export type Entry = Schemas["EntryRead"];

/** The entries that a filter lets through, newest first, page after page by the place of the last one. */
export function entryListQuery(filter: EntryFilter) {
  return infiniteQueryOptions({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/audit", { params: { query: { ...asQuery(filter), cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    staleTime: 0,
  });
}

/** Returns the address of a file with all entries that a filter lets through. */
export function exportAddress(filter: EntryFilter): string {
  const stated = Object.entries(asQuery(filter)).filter(([, value]) => value !== undefined);
  return `/api/v1/audit/export?${new URLSearchParams(stated.map(([name, value]) => [name, String(value)]))}`;
}

function asQuery({ actor, action, object, id, fate, since, until }: EntryFilter) {
  const isRefused = fate === undefined ? undefined : fate === "refused";
  return { actor, action: action as Action | undefined, object_type: object, object_id: id, is_refused: isRefused, since, until };
}
