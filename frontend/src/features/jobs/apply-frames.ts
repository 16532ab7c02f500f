import type { Frame } from "~/live/live-socket";
import type { Job } from "./job-queries";

const ENDED = new Set(["completed", "failed", "cancelled"]);

/** Returns a job as it is after a frame about it; the same object where the frame changes nothing of it. */
export function applyFrame(job: Job, { type, data, at }: Frame): Job {
  if (type === "status") return afterStatus(job, data, at);
  if (type === "progress") return afterProgress(job, data);
  if (type === "result") return afterResult(job, data, at);
  return job;
}

/** Returns jobs as they are after frames, in their order; jobs and the list stay the same objects where they can. */
export function applyFrames(jobs: Job[], frames: readonly Frame[]): Job[] {
  const byJob = Map.groupBy(frames, (frame) => frame.job_id);
  const next = jobs.map((job) => (byJob.get(job.id) ?? []).reduce(applyFrame, job));
  return next.some((job, index) => job !== jobs[index]) ? next : jobs;
}

/** Returns a job that was asked for, with what frames have told of it meanwhile and the database does not know. */
export function withNews(asked: Job, known: Job | undefined): Job {
  const isSame = known?.status === "processing" && asked.status === "processing" && known.attempt === asked.attempt;
  if (!isSame || (asked.progress ?? 0) >= (known.progress ?? 0)) return asked;
  return { ...asked, progress: known.progress, progressMessage: known.progressMessage };
}

/** Tells whether frames are about jobs that may enter a list which has not got them. */
export function tellOfOthers(jobs: readonly Job[], frames: readonly Frame[]): boolean {
  const known = new Set(jobs.map((job) => job.id));
  return frames.some((frame) => frame.subject !== "run" && frame.type === "status" && !known.has(frame.job_id));
}

function afterStatus(job: Job, data: Frame["data"], at: string): Job {
  const status = data.status as Job["status"];
  const attempt = (data.attempt as number | undefined) ?? job.attempt;
  const isAnew = attempt !== job.attempt || status === "queued";
  const next: Job = { ...job, status, attempt, cancelling: data.cancelling === true };
  if (isAnew) Object.assign(next, { progress: null, progressMessage: "", completed_at: null, timings: null });
  if (status === "processing") {
    next.started_at = isAnew ? at : (job.started_at ?? at);
    next.worker = (data.worker as string | undefined) ?? job.worker;
  }
  if (ENDED.has(status)) next.completed_at = job.completed_at ?? at;
  return next;
}

function afterProgress(job: Job, data: Frame["data"]): Job {
  // What an attempt says that is over by now is no news.
  if (job.status !== "processing" || data.attempt !== job.attempt) return job;
  return { ...job, progress: data.fraction as number | null, progressMessage: (data.message as string | null) ?? "" };
}

function afterResult(job: Job, data: Frame["data"], at: string): Job {
  const error = (data.error ?? null) as Job["error"];
  return {
    ...job,
    status: data.status as Job["status"],
    cancelling: false,
    result: data.result ?? null,
    error,
    error_message: error?.message ?? null,
    completed_at: job.completed_at ?? at,
  };
}
