import type { Schemas } from "~/api/client";

export type Kind = Schemas["NotificationKind"];

/** What one can be told of, by what it is about. A test is told without a rule. */
export const KINDS = {
  jobs: ["job_completed", "job_failed", "job_timeout", "job_cancelled", "resources_exhausted"],
  runs: ["run_completed", "run_failed", "run_cancelled", "run_deadline", "approval_waiting"],
  clusters: ["cluster_unreachable", "cluster_untrusted", "cluster_ready"],
  platform: ["worker_lost", "system_error"],
} as const satisfies Record<string, readonly Kind[]>;

export type Subject = keyof typeof KINDS;

type Listed = (typeof KINDS)[Subject][number] | "test";
/** Fails the type check where the API has a kind that is not listed. */
export const ALL_ARE_LISTED: Exclude<Kind, Listed> extends never ? true : never = true;

export const SUBJECTS = Object.keys(KINDS) as Subject[];
export const ALL_KINDS: readonly Kind[] = [...Object.values(KINDS).flat(), "test"];
