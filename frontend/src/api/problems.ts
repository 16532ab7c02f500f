import { i18n } from "@lingui/core";
import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];
export type Violation = components["schemas"]["ViolationRead"];

/** A request that got no good answer: `status` is 0 when none came at all. */
export class Refused extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null, options?: ErrorOptions) {
    super(problem?.detail ?? `status ${status}`, options);
    this.name = "Refused";
    this.status = status;
    this.problem = problem;
  }

  /** Each thing that is wrong with the request, where the API tells them apart. */
  get violations(): Violation[] {
    return this.problem?.errors ?? [];
  }
}

/**
 * Returns a sentence about an error in the reader's language. The API's own is in English and knows more, so it
 * follows where the language has a sentence for the code, and stands alone where it has none.
 */
export function problemText(error: unknown): string {
  if (!(error instanceof Refused)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return i18n._("problem.unreachable");
  if (error.problem === null) return i18n._("problem.status", { status: error.status });
  const known = i18n.messages[`problem.${error.problem.code}`];
  if (i18n.locale === "en" || known === undefined) return error.problem.detail;
  return `${i18n._(`problem.${error.problem.code}`)} (${error.problem.detail})`;
}

/** Returns a sentence about why a job failed; a kind that is not known here stands for itself. */
export function failureText(kind: string): string {
  return knownText(`failure.${kind}`) ?? kind;
}

/** Returns how an attempt ended. */
export function outcomeText(outcome: string): string {
  return knownText(`outcome.${outcome}`) ?? outcome;
}

function knownText(id: string): string | undefined {
  return id in i18n.messages ? i18n._(id) : undefined;
}
