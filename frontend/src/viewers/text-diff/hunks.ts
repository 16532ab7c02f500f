import { structuredPatch } from "diff";

export interface DiffLine {
  kind: "added" | "removed" | "same";
  text: string;
}

const LINES_AROUND = 3;
const KINDS = { "+": "added", "-": "removed", " ": "same" } as const;

/** Returns the parts in which two texts differ, each line with what became of it. */
export function hunksOf(before: string, after: string): DiffLine[][] {
  const { hunks } = structuredPatch("", "", before, after, "", "", { context: LINES_AROUND });
  return hunks.map(({ lines }) => lines.filter((line) => line[0] !== undefined && line[0] in KINDS).map((line) => ({ kind: KINDS[line[0] as keyof typeof KINDS], text: line.slice(1) })));
}
