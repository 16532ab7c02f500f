import { choiceOf, textOf } from "~/routing/search";

export const JOB_STATUSES = ["queued", "processing", "completed", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Which jobs are listed; it stands in the address, so that it is kept by reload, back and link. */
export interface JobFilter {
  status?: JobStatus;
  plugin?: string;
}

/** Reads a filter from an address, leaving out what is none. */
export function readJobFilter(search: Record<string, unknown>): JobFilter {
  return { status: choiceOf(search, "status", JOB_STATUSES), plugin: textOf(search, "plugin") };
}

/** Returns a filter as the API asks for it. */
export function asQuery({ status, plugin }: JobFilter) {
  return { kind: "job" as const, status, plugin_name: plugin };
}

/** Tells whether a job is among those that a filter lets through. */
export function lets(filter: JobFilter, job: { status: string; plugin_name: string }): boolean {
  return (filter.status ?? job.status) === job.status && (filter.plugin ?? job.plugin_name) === job.plugin_name;
}
