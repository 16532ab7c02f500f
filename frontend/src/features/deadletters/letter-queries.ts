import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { asWanted, type LetterFilter } from "./letter-filter";

export type Letter = Schemas["DeadLetterRead"];
export type Group = Schemas["DeadLetterGroup"];
export type Replayed = Schemas["ReplayRead"];

const PAGE_SIZE = 50;

/** All that is known of dead letters. */
export const letterKey = ["deadletters"] as const;

/** Failures that look the same, the most frequent first. */
export function groupsQuery(filter: LetterFilter) {
  return infiniteQueryOptions({
    queryKey: [...letterKey, "groups", filter],
    queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/dead-letters/groups", { params: { query: { ...asWanted(filter), skip: pageParam, limit: PAGE_SIZE } } })),
    initialPageParam: 0,
    getNextPageParam,
  });
}

/** The failed jobs themselves, newest first. */
export function lettersQuery(filter: LetterFilter) {
  return infiniteQueryOptions({
    queryKey: [...letterKey, "list", filter],
    queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/dead-letters", { params: { query: { ...asWanted(filter), skip: pageParam, limit: PAGE_SIZE } } })),
    initialPageParam: 0,
    getNextPageParam,
  });
}

/** The names of plugins, to choose among. */
export const pluginNamesQuery = queryOptions({
  queryKey: ["plugins", "names"],
  queryFn: async () => {
    const { items } = await answerOf(api.GET("/api/v1/plugins", { params: { query: { limit: 200 } } }));
    return items.map(({ name }) => name);
  },
});

/** The versions of a plugin by which its jobs could run again, newest first. */
export function versionNamesQuery(plugin: string) {
  return queryOptions({
    queryKey: ["plugins", plugin, "version names"],
    queryFn: async () => {
      const { items } = await answerOf(api.GET("/api/v1/plugins/{name}/versions", { params: { path: { name: plugin } } }));
      return items.map(({ version }) => version);
    },
    // The one that mends the failure may just have been registered.
    staleTime: 0,
  });
}

/** Runs a dead letter again, by its own version of the plugin. Throws `Refused`. */
export function replayOne(id: number) {
  return answerOf(api.POST("/api/v1/dead-letters/{job_id}/replay", { params: { path: { job_id: id } } }));
}

/** Runs all that a filter lets through again, by their own versions unless one is given. Throws `Refused`. */
export function replayAll(filter: LetterFilter, version?: string) {
  return answerOf(api.POST("/api/v1/dead-letters/replay", { body: { ...asWanted(filter), plugin_version: version } }));
}

function getNextPageParam(page: { items: unknown[] }, pages: { items: unknown[] }[]): number | undefined {
  return page.items.length < PAGE_SIZE ? undefined : pages.length * PAGE_SIZE;
}
