import { choiceOf, textOf } from "~/routing/search";

export const KINDS = ["exit", "timeout", "oom", "killed", "input", "output", "image", "lost", "resources", "internal"] as const;
export type Kind = (typeof KINDS)[number];

/** Which dead letters are seen; it stands in the address. */
export interface LetterFilter {
  plugin?: string;
  kind?: Kind;
  /** The fingerprint that equal failures share. */
  cause?: string;
}

/** Reads a filter from an address, leaving out what is none. */
export function readLetterFilter(search: Record<string, unknown>): LetterFilter {
  return { plugin: textOf(search, "plugin"), kind: choiceOf(search, "kind", KINDS), cause: textOf(search, "cause") };
}

/** Returns a filter as the API takes it, to list and to replay. */
export function asWanted({ plugin, kind, cause }: LetterFilter) {
  return { plugin_name: plugin, kind, fingerprint: cause };
}

/** Tells whether a filter leaves any out. */
export function isNarrowed({ plugin, kind, cause }: LetterFilter): boolean {
  return plugin !== undefined || kind !== undefined || cause !== undefined;
}
