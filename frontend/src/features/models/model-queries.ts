import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { Refused } from "~/api/problems";

export type Model = Schemas["ModelRead"];
export type Version = Schemas["operation_server__registry__schemas__VersionRead"];
export type Card = Schemas["ModelCard"];
export type Rollout = Schemas["RolloutRead"];

const PAGE_SIZE = 50;
const REFRESH_MS = 5_000;

export const modelKeys = {
  all: ["models"] as const,
  one: (name: string) => ["models", "one", name] as const,
};

const of = (name: string) => ({ params: { path: { name } } });

/** Models by name. */
export const modelListQuery = infiniteQueryOptions({
  queryKey: [...modelKeys.all, "list"],
  queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/models", { params: { query: { skip: pageParam, limit: PAGE_SIZE } } })),
  initialPageParam: 0,
  getNextPageParam: ({ total }, pages) => (pages.length * PAGE_SIZE < total ? pages.length * PAGE_SIZE : undefined),
});

/** A model with its aliases. */
export function modelQuery(name: string) {
  return queryOptions({ queryKey: modelKeys.one(name), queryFn: () => answerOf(api.GET("/api/v1/models/{name}", of(name))), refetchInterval: REFRESH_MS });
}

/** Its versions, newest first. */
export function versionsQuery(name: string) {
  return infiniteQueryOptions({
    queryKey: [...modelKeys.one(name), "versions"],
    queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/models/{name}/versions", { params: { path: { name }, query: { skip: pageParam, limit: PAGE_SIZE } } })),
    initialPageParam: 0,
    getNextPageParam: ({ total }, pages) => (pages.length * PAGE_SIZE < total ? pages.length * PAGE_SIZE : undefined),
    refetchInterval: REFRESH_MS,
  });
}

/** All that is known of a version. */
export function cardQuery(name: string, version: number) {
  return queryOptions({ queryKey: [...modelKeys.one(name), "card", version], queryFn: () => answerOf(api.GET("/api/v1/models/{name}/versions/{version}/card", { params: { path: { name, version } } })) });
}

/** What guards an alias; null where nothing does. */
export function gateQuery(name: string) {
  return queryOptions({ queryKey: [...modelKeys.one(name), "gate"], queryFn: () => orNone(answerOf(api.GET("/api/v1/models/{name}/gate", of(name)))) });
}

/** The running rollout, or else the last; null where there was none. */
export function rolloutQuery(name: string) {
  return queryOptions({ queryKey: [...modelKeys.one(name), "rollout"], queryFn: () => orNone(answerOf(api.GET("/api/v1/models/{name}/rollout", of(name)))), refetchInterval: REFRESH_MS });
}

/** How each version has answered in the last day, by its number. */
export function figuresQuery(name: string) {
  return queryOptions({
    queryKey: ["statistics", "model", name],
    queryFn: async () => {
      const { by_model } = await answerOf(api.GET("/api/v1/results/stats/summary"));
      return new Map(by_model.filter(({ model_name }) => model_name === name).map((figures) => [figures.model_version, figures]));
    },
    refetchInterval: REFRESH_MS,
  });
}

async function orNone<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch((error: unknown) => {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  });
}
