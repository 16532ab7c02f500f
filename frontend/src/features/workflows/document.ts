import { parseDocument, stringify, type YAMLParseError } from "yaml";
import type { Definition } from "./workflow-queries";

/** What is wrong with a text that should be a definition: the message `editor.fault.REASON` says it. */
export interface TextFault {
  /** Counted from 1. */
  line: number;
  reason: string;
  values?: Record<string, unknown>;
}

export type Read = { definition: Definition; fault: null } | { definition: null; fault: TextFault };

/** What can be said better than that a text is no YAML. */
const SYNTAX: Partial<Record<YAMLParseError["code"], string>> = {
  BAD_INDENT: "indent", TAB_AS_INDENT: "tab", MISSING_CHAR: "missing", UNEXPECTED_TOKEN: "unexpected", DUPLICATE_KEY: "duplicate",
  MULTILINE_IMPLICIT_KEY: "key", BLOCK_AS_IMPLICIT_KEY: "key", BAD_SCALAR_START: "start", BAD_DQ_ESCAPE: "escape",
};

/** Returns a definition as the text that people edit: YAML, in the order of the document. */
export function textOfDefinition(definition: Definition): string {
  return stringify(definition, { lineWidth: 0, version: "1.2" });
}

/** Reads a definition from YAML, or JSON, which is YAML as well. Only the shape that drawing needs is looked at. */
export function readDefinition(text: string): Read {
  const document = parseDocument(text, { version: "1.2", schema: "core", prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) return { definition: null, fault: syntaxFault(error) };
  const value: unknown = document.toJS();
  const fault = shapeFault(value);
  return fault === null ? { definition: value as Definition, fault } : { definition: null, fault };
}

function syntaxFault({ code, linePos, message }: YAMLParseError): TextFault {
  return { line: linePos?.[0].line ?? 1, reason: SYNTAX[code] ?? "syntax", values: { detail: message.split("\n")[0] ?? code } };
}

function shapeFault(value: unknown): TextFault | null {
  const line = 1;
  if (!isObject(value)) return { line, reason: "noObject" };
  if (typeof value.name !== "string") return { line, reason: "noName" };
  const tasks = value.tasks ?? [];
  if (!Array.isArray(tasks)) return { line, reason: "noTaskList" };
  const place = tasks.findIndex((task) => !isTask(task));
  return place < 0 ? null : { line, reason: "noTask", values: { number: place + 1 } };
}

function isTask(task: unknown): boolean {
  if (!isObject(task) || typeof task.name !== "string") return false;
  const before = task.dependencies ?? [];
  return Array.isArray(before) && before.every((name) => typeof name === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
