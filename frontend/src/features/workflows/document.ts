import { parseDocument, stringify, type YAMLParseError } from "yaml";
import type { Definition } from "./workflow-queries";

/** What is wrong with a text that should be a definition. Lines are counted from 1. */
export interface TextFault {
  line: number;
  message: string;
}

export type Read = { definition: Definition; fault: null } | { definition: null; fault: TextFault };

/** Returns a definition as the text that people edit: YAML, in the order of the document. */
export function textOfDefinition(definition: Definition): string {
  return stringify(definition, { lineWidth: 0, version: "1.2" });
}

/** Reads a definition from YAML, or JSON, which is YAML as well. Only the shape that drawing needs is looked at. */
export function readDefinition(text: string): Read {
  const document = parseDocument(text, { version: "1.2", schema: "core", prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) return { definition: null, fault: faultOf(error) };
  const value: unknown = document.toJS();
  const message = shapeFault(value);
  return message === null ? { definition: value as Definition, fault: null } : { definition: null, fault: { line: 1, message } };
}

function faultOf(error: YAMLParseError): TextFault {
  return { line: error.linePos?.[0].line ?? 1, message: error.message.split("\n")[0] ?? error.code };
}

function shapeFault(value: unknown): string | null {
  if (!isObject(value)) return "The document must be an object with name and tasks.";
  if (typeof value.name !== "string") return "name is missing.";
  const tasks = value.tasks ?? [];
  if (!Array.isArray(tasks)) return "tasks must be a list.";
  const place = tasks.findIndex((task) => !isTask(task));
  return place < 0 ? null : `Task ${place + 1} must have a name, and dependencies that are a list of names.`;
}

function isTask(task: unknown): boolean {
  if (!isObject(task) || typeof task.name !== "string") return false;
  const before = task.dependencies ?? [];
  return Array.isArray(before) && before.every((name) => typeof name === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

