import type { Violation } from "~/api/problems";

/** Something that keeps a draft from being deployed, by its place. */
export interface Fault {
  /** Null if it is of the workflow as a whole. */
  task: string | null;
  field: string;
  /** Of the snippet, counted from 1; null where none is known. */
  line: number | null;
  message: string;
}

/** Reads where a fault is: `/tasks/NAME/field`, and `line 3, column 5: …` of a snippet. */
export function faultOf({ pointer, message }: Violation): Fault {
  const [, first = "", name, ...rest] = pointer.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const told = /^line (\d+)(?:, column \d+)?: ([^]*)$/.exec(message);
  const line = told?.[1] === undefined ? null : Number(told[1]);
  if (first !== "tasks" || name === undefined) return { task: null, field: pointer, line, message };
  return { task: name, field: rest.join("/"), line, message: told?.[2] ?? message };
}
