import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";

export type Cluster = Schemas["ClusterRead"];
export type HostKey = Schemas["HostKeyRead"];

const REFRESH_MS = 5_000;
const EVENTS_SHOWN = 50;

export const clusterKeys = {
  all: ["clusters"] as const,
  one: (name: string) => ["clusters", "one", name] as const,
};

const of = (name: string) => ({ params: { path: { name } } });

/** All clusters, as their connectors have seen them last. */
export const clustersQuery = queryOptions({
  queryKey: [...clusterKeys.all, "list"],
  queryFn: () => answerOf(api.GET("/api/v1/clusters")),
  refetchInterval: REFRESH_MS,
});

/** A cluster. */
export function clusterQuery(name: string) {
  return queryOptions({ queryKey: clusterKeys.one(name), queryFn: () => answerOf(api.GET("/api/v1/clusters/{name}", of(name))), refetchInterval: REFRESH_MS });
}

/** Its nodes with their cards, as of the newest report. */
export function nodesQuery(name: string) {
  return queryOptions({ queryKey: [...clusterKeys.one(name), "nodes"], queryFn: () => answerOf(api.GET("/api/v1/clusters/{name}/nodes", of(name))), refetchInterval: REFRESH_MS });
}

/** The jobs that are active there. */
export function activeJobsQuery(name: string) {
  return queryOptions({ queryKey: [...clusterKeys.one(name), "jobs"], queryFn: () => answerOf(api.GET("/api/v1/clusters/{name}/jobs", of(name))), refetchInterval: REFRESH_MS });
}

/** The newest changes of its state. */
export function eventsQuery(name: string) {
  return queryOptions({
    queryKey: [...clusterKeys.one(name), "events"],
    queryFn: () => answerOf(api.GET("/api/v1/clusters/{name}/events", { params: { path: { name }, query: { limit: EVENTS_SHOWN } } })),
    refetchInterval: REFRESH_MS,
  });
}
