import type { NewCluster } from "./cluster-actions";

const TEXTS = ["name", "address", "via", "baseDir", "labels", "slots", "allowedRoots", "hostKeys"] as const;

/** What people type of a new cluster, as they would for `ssh`. */
export type Draft = Record<(typeof TEXTS)[number], string> & { launcher: NonNullable<NewCluster["launcher"]> };

export const EMPTY: Draft = { name: "", address: "", via: "", baseDir: "", labels: "", slots: "", allowedRoots: "", hostKeys: "", launcher: "builtin" };

const PLACES: Record<(typeof TEXTS)[number], RegExp> = {
  name: /^\/name/, address: /^\/(host|user|port)$/, via: /^\/via/, baseDir: /^\/base_dir/, labels: /^\/labels/, slots: /^\/slots/,
  allowedRoots: /^\/allowed_roots/, hostKeys: /^\/host_keys/,
};

/** The fields, each with the places of what the API says of it. */
export const FIELDS = TEXTS.map((key) => ({ key, places: PLACES[key], isRequired: key === "name" || key === "address" }));

/** Returns what the API is asked for: what was left empty is left to it. */
export function bodyOf(draft: Draft): NewCluster {
  const body: Record<string, unknown> = { name: draft.name.trim(), ...addressOf(draft.address), launcher: draft.launcher };
  if (draft.via.trim()) body.via = addressOf(draft.via);
  if (draft.baseDir.trim()) body.base_dir = draft.baseDir.trim();
  if (draft.labels.trim()) body.labels = Object.fromEntries(partsOf(draft.labels).map((label) => [label.split("=")[0], label.split("=").slice(1).join("=")]));
  if (draft.slots.trim()) body.slots = Number(draft.slots);
  if (draft.allowedRoots.trim()) body.allowed_roots = partsOf(draft.allowedRoots);
  if (draft.hostKeys.trim()) body.host_keys = partsOf(draft.hostKeys);
  return body as NewCluster;
}

/** Reads `user@host:port`; the port of an IPv6 address stands after its brackets. */
function addressOf(text: string): { user: string; host: string; port?: number } {
  const [, user = "", rest = ""] = /^(?:([^@]*)@)?(.*)$/.exec(text.trim()) ?? [];
  const [, host = rest, port] = /^\[([^\]]+)\](?::(\d+))?$/.exec(rest) ?? /^([^:]+)(?::(\d+))?$/.exec(rest) ?? [];
  return { user, host, ...(port !== undefined && { port: Number(port) }) };
}

function partsOf(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter(Boolean);
}
