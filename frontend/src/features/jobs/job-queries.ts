import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { queryClient } from "~/api/queries";
import { withNews } from "./apply-frames";
import { asQuery, type JobFilter } from "./job-filter";

/** A job as the console shows it: what its plugin says of its progress comes with frames only. */
export type Job = Schemas["JobRead"] & { progressMessage?: string };
export type JobPage = Omit<Schemas["JobList"], "items"> & { items: Job[] };

export const PAGE_SIZE = 50;

/** The keys of what is known of jobs. */
export const jobKeys = {
  lists: ["jobs", "list"] as const,
  list: (filter: JobFilter) => ["jobs", "list", filter] as const,
  one: (id: number) => ["jobs", "one", id] as const,
};

/** A list of jobs, newest first, page after page by the number of the last one. */
export function jobListQuery(filter: JobFilter) {
  return infiniteQueryOptions({
    queryKey: jobKeys.list(filter),
    queryFn: async ({ pageParam }) => {
      const query = { ...asQuery(filter), limit: PAGE_SIZE, cursor: pageParam };
      const page = (await answerOf(api.GET("/api/v1/jobs", { params: { query } }))) as JobPage;
      const known = queryClient.getQueryData<{ pages: JobPage[] }>(jobKeys.list(filter))?.pages.flatMap(({ items }) => items);
      const byId = new Map(known?.map((job) => [job.id, job]));
      return { ...page, items: page.items.map((job) => withNews(job, byId.get(job.id))) };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** A job with its whole input and result. */
export function jobQuery(id: number) {
  return queryOptions({
    queryKey: jobKeys.one(id),
    queryFn: async () => {
      const asked = (await answerOf(api.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: id } } }))) as Job | Schemas["RunRead"];
      const known = queryClient.getQueryData<Job | Schemas["RunRead"]>(jobKeys.one(id));
      return asked.kind === "job" && known?.kind === "job" ? withNews(asked, known) : asked;
    },
  });
}

const EXPLAIN_AGAIN_MS = 5_000;

/** Why a job is where it is. */
export function explanationQuery(job: Job) {
  return queryOptions({
    queryKey: [...jobKeys.one(job.id), "explain", job.status, job.attempt, job.cancelling],
    queryFn: () => answerOf(api.GET("/api/v1/jobs/{job_id}/explain", { params: { path: { job_id: job.id } } })),
    refetchInterval: EXPLAIN_AGAIN_MS,
  });
}

/** The attempts of a job that have ended. */
export function attemptsQuery(job: Job) {
  return queryOptions({
    queryKey: [...jobKeys.one(job.id), "attempts", job.status, job.attempt],
    queryFn: () => answerOf(api.GET("/api/v1/jobs/{job_id}/attempts", { params: { path: { job_id: job.id } } })),
  });
}

/** What has been told about a job. */
export function eventsQuery(job: Job) {
  return queryOptions({
    queryKey: [...jobKeys.one(job.id), "events", job.status, job.attempt],
    // Its other form is a stream, of which the types know nothing.
    queryFn: async () => (await answerOf(api.GET("/api/v1/jobs/{job_id}/events", { params: { path: { job_id: job.id } } }))) as Schemas["EventList"],
  });
}

/** The files that a job has written. */
export function artifactsQuery(job: Job) {
  return queryOptions({
    queryKey: [...jobKeys.one(job.id), "artifacts", job.artifacts],
    queryFn: () => answerOf(api.GET("/api/v1/jobs/{job_id}/artifacts", { params: { path: { job_id: job.id } } })),
  });
}

/** The plugins, each in its newest version, with their schemas. */
export const pluginsQuery = queryOptions({
  queryKey: ["plugins", "all"],
  queryFn: () => answerOf(api.GET("/api/v1/plugins", { params: { query: { limit: 200 } } })),
});
