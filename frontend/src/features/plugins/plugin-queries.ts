import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";

type Told = Schemas["PluginRead"];
/** What a manifest that says nothing of it does not have. */
type LeftOut = "requires" | "replicas" | "shared" | "trains";

/** A version of a plugin: its manifest, and what the server adds. */
export type Plugin = Required<Omit<Told, LeftOut | "resources" | "retry">> &
  Partial<Pick<Told, LeftOut>> & {
    resources: Required<Schemas["PluginResources"]>;
    retry: Required<Schemas["RetryPolicy"]>;
  };

const PAGE_SIZE = 50;
const REFRESH_MS = 10_000;
/** So many jobs are looked at for the share that succeeded. */
const JOBS_LOOKED_AT = 100;

export const pluginKeys = {
  all: ["plugins"] as const,
  one: (name: string) => ["plugins", "one", name] as const,
};

/** Plugins by name, each in its newest version. */
export function pluginListQuery(search: string | undefined) {
  return infiniteQueryOptions({
    queryKey: [...pluginKeys.all, "list", search],
    queryFn: async ({ pageParam }) => (await answerOf(api.GET("/api/v1/plugins", { params: { query: { name: search, skip: pageParam, limit: PAGE_SIZE } } }))) as { total: number; items: Plugin[] },
    initialPageParam: 0,
    getNextPageParam: ({ total }, pages) => (pages.length * PAGE_SIZE < total ? pages.length * PAGE_SIZE : undefined),
    refetchInterval: REFRESH_MS,
  });
}

/** All versions of a plugin, newest registration first. */
export function versionsQuery(name: string) {
  return queryOptions({
    queryKey: [...pluginKeys.one(name), "versions"],
    queryFn: async () => ((await answerOf(api.GET("/api/v1/plugins/{name}/versions", { params: { path: { name } } }))) as { items: Plugin[] }).items,
    refetchInterval: REFRESH_MS,
  });
}

/** What the last test of a version found. */
export function reportQuery(name: string, version: string) {
  return queryOptions({
    queryKey: [...pluginKeys.one(name), "report", version],
    queryFn: () => answerOf(api.GET("/api/v1/plugins/{name}/versions/{version}/report", { params: { path: { name, version } } })),
  });
}

/** How long the plugin's jobs took that completed in the last day; null where none has. */
export function timesQuery(name: string) {
  return queryOptions({
    queryKey: ["statistics", "plugin", name],
    queryFn: async () => (await answerOf(api.GET("/api/v1/results/stats/summary"))).by_plugin.find(({ plugin_name }) => plugin_name === name) ?? null,
    refetchInterval: REFRESH_MS,
  });
}

/** How its newest jobs have ended: a share of a known number, since older ones are not counted. */
export function outcomesQuery(name: string) {
  return queryOptions({
    queryKey: ["jobs", "outcomes", name],
    queryFn: async () => {
      const { items } = await answerOf(api.GET("/api/v1/jobs", { params: { query: { plugin_name: name, limit: JOBS_LOOKED_AT } } }));
      const count = (status: string) => items.filter((job) => job.status === status).length;
      return { completed: count("completed"), failed: count("failed") };
    },
    refetchInterval: REFRESH_MS,
  });
}
