import { LineCounter, parseDocument } from "yaml";
import type { Violation } from "~/api/problems";
import type { Plugin } from "./plugin-queries";

const ADDED = new Set(["id", "manifest_digest", "created_by", "owner_id", "created_at", "control", "report", "unreadable", "docker_image_url"]);

/** What a first plugin may look like. */
export const TEMPLATE = JSON.stringify(
  {
    name: "my-plugin", version: "1.0.0", description: "", docker_image: "my-plugin:1.0.0",
    input_schema: { type: "object", required: ["n"], properties: { n: { type: "integer" } }, examples: [{ n: 1 }] },
    output_schema: { type: "object" },
  },
  null, 2,
);

/** Returns the manifest of a registered version as text: all but what the server adds. */
export function manifestOf(plugin: Plugin): string {
  return JSON.stringify(Object.fromEntries(Object.entries(plugin).filter(([key]) => !ADDED.has(key))), null, 2);
}

/** Returns violations at the lines of a text, which is JSON and so YAML; what is missing is at what it should be in. */
export function faultsAt(text: string, violations: readonly Violation[]): { line: number; message: string }[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (steps: string[]): number => {
    const at = nodeStart(steps.length === 0 ? document.contents : document.getIn(steps.map(stepOf), true));
    if (at !== null || steps.length === 0) return lines.linePos(at ?? 0).line;
    return lineOf(steps.slice(0, -1));
  };
  return violations.map(({ pointer, message }) => ({ line: lineOf(pointer.split("/").slice(1)), message: `${pointer || "/"}: ${message}` }));
}

function stepOf(step: string): string | number {
  const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
  return /^\d+$/.test(name) ? Number(name) : name;
}

function nodeStart(node: unknown): number | null {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : null;
  return Array.isArray(range) ? Number(range[0]) : null;
}
