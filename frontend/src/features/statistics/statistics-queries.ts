import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "~/api/client";

const REFRESH_MS = 5_000;

/** The last 24 hours. */
export const summaryQuery = queryOptions({
  queryKey: ["statistics", "summary"],
  queryFn: () => answerOf(api.GET("/api/v1/results/stats/summary")),
  refetchInterval: REFRESH_MS,
});

/** How the last 24 hours went step by step, why jobs failed, and since when the oldest one waits. */
export const historyQuery = queryOptions({
  queryKey: ["statistics", "history"],
  queryFn: () => answerOf(api.GET("/api/v1/results/stats/history")),
  refetchInterval: REFRESH_MS,
});

/** The live workers. */
export const workersQuery = queryOptions({
  queryKey: ["workers", "list"],
  queryFn: () => answerOf(api.GET("/api/v1/workers")),
  refetchInterval: REFRESH_MS,
});

/** What has failed for good, equal failures together. */
export const failuresQuery = queryOptions({
  queryKey: ["deadletters", "groups", "overview"],
  queryFn: () => answerOf(api.GET("/api/v1/dead-letters/groups", { params: { query: { limit: 5 } } })),
  refetchInterval: REFRESH_MS,
});

/** How the parts of the platform are. */
export const healthQuery = queryOptions({
  queryKey: ["monitoring", "health"],
  queryFn: () => answerOf(api.GET("/api/v1/monitoring/health")),
  refetchInterval: REFRESH_MS,
});

/** How many there are of what is counted; users only for admins. */
export function countsQuery(isAdmin: boolean) {
  return queryOptions({
    queryKey: ["statistics", "counts", isAdmin],
    queryFn: async () => {
      const one = { params: { query: { limit: 1 } } };
      const [jobs, plugins, users] = await Promise.all([
        answerOf(api.GET("/api/v1/jobs", { params: { query: { limit: 1, kind: "job" } } })),
        answerOf(api.GET("/api/v1/plugins", one)),
        isAdmin ? answerOf(api.GET("/api/v1/users", one)) : null,
      ]);
      return { jobs: jobs.total, plugins: plugins.total, users: users?.total ?? null };
    },
    refetchInterval: REFRESH_MS,
  });
}
