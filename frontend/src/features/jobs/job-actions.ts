import { answerOf, api } from "~/api/client";
import { problemText } from "~/api/problems";
import { asQuery, type JobFilter } from "./job-filter";
import type { Job } from "./job-queries";

/** What became of something that was done with many jobs. */
export interface BulkOutcome {
  done: number;
  /** Why some were left as they are, by their numbers. */
  refused: Map<number, string>;
}

const AT_ONCE = 4;

/** Asks for a job to be cancelled: at once while it waits, within seconds while it runs. Throws `Refused`. */
export function cancelJob(id: number) {
  return answerOf(api.POST("/api/v1/jobs/{job_id}/cancel", { params: { path: { job_id: id } } }));
}

/** Runs a failed or cancelled job again, under its own number. Throws `Refused`. */
export function retryJob(id: number) {
  return answerOf(api.POST("/api/v1/jobs/{job_id}/retry", { params: { path: { job_id: id } } }));
}

/** Cancels jobs; those that have ended stay as they are. Throws `Refused`. */
export async function cancelJobs(ids: number[]): Promise<BulkOutcome> {
  const { cancelled, cancelling } = await answerOf(api.POST("/api/v1/jobs/cancel", { body: { ids } }));
  return { done: cancelled + cancelling, refused: new Map() };
}

/** Cancels all unfinished jobs that a filter lets through, seen or not. Throws `Refused`. */
export async function cancelMatching(filter: JobFilter): Promise<BulkOutcome> {
  const { status, plugin_name } = asQuery(filter);
  const isAny = status === undefined && plugin_name === undefined;
  const wanted = isAny ? [{ status: "queued" as const }, { status: "processing" as const }] : [{ status, plugin_name }];
  const outcome: BulkOutcome = { done: 0, refused: new Map() };
  for (const body of wanted) {
    // One after the other: a job that starts between the two is found by the second.
    const { cancelled, cancelling } = await answerOf(api.POST("/api/v1/jobs/cancel", { body }));
    outcome.done += cancelled + cancelling;
  }
  return outcome;
}

/** Runs jobs again, each by itself, so that one that cannot does not keep the others from it. */
export async function retryJobs(jobs: Pick<Job, "id">[]): Promise<BulkOutcome> {
  const outcome: BulkOutcome = { done: 0, refused: new Map() };
  const waiting = [...jobs];
  const takeNext = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { id } = job;
      await retryJob(id).then(
        () => (outcome.done += 1),
        (error: unknown) => outcome.refused.set(id, problemText(error)),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, takeNext));
  return outcome;
}

/** Runs all dead letters of a plugin, or all there are, again. Throws `Refused`. */
export async function replayMatching(filter: JobFilter): Promise<BulkOutcome> {
  const { replayed } = await answerOf(api.POST("/api/v1/dead-letters/replay", { body: { plugin_name: filter.plugin } }));
  return { done: replayed, refused: new Map() };
}
