import { choiceOf, textOf } from "~/routing/search";

export const FATES = ["done", "refused"] as const;

/** Which entries are listed; all of it stands in the address. Times are exact ones, in UTC. */
export interface EntryFilter {
  actor?: string;
  action?: string;
  object?: string;
  id?: string;
  fate?: (typeof FATES)[number];
  since?: string;
  until?: string;
}

/** Reads a filter from an address, leaving out what is none. */
export function readEntryFilter(search: Record<string, unknown>): EntryFilter {
  return {
    actor: textOf(search, "actor"),
    action: textOf(search, "action"),
    object: textOf(search, "object"),
    id: textOf(search, "id"),
    fate: choiceOf(search, "fate", FATES),
    since: momentOf(textOf(search, "since")),
    until: momentOf(textOf(search, "until")),
  };
}

/** Returns an exact time as the field of a form has it: in the reader's zone, to the minute. */
export function asField(moment: string | undefined): string {
  if (moment === undefined) return "";
  const time = new Date(moment);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Returns what the API or the field of a form calls a time as an exact one; undefined if it is none. */
export function momentOf(text: string | undefined): string | undefined {
  const time = new Date(text ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
