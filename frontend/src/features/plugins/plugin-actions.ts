import { answerOf, api, sendText } from "~/api/client";
import type { Plugin } from "./plugin-queries";

/** Starts no more jobs of a plugin, or starts them again. Throws `Refused`. */
export function setPaused(name: string, isPaused: boolean) {
  const path = isPaused ? ("/api/v1/plugins/{name}/pause" as const) : ("/api/v1/plugins/{name}/resume" as const);
  return answerOf(api.POST(path, { params: { path: { name } } }));
}

/** Lets at most so many jobs of a plugin run at once; null is no limit. Throws `Refused`. */
export function setMostRunning(name: string, max_running: number | null) {
  return answerOf(api.PATCH("/api/v1/plugins/{name}/control", { params: { path: { name } }, body: { max_running } }));
}

/** Hands a plugin's name to another account. Throws `Refused`. */
export function handOver(name: string, owner_id: number) {
  return answerOf(api.PUT("/api/v1/plugins/{name}/owner", { params: { path: { name } }, body: { owner_id } }));
}

/** Deletes a version. Throws `Refused`, while jobs of it are under way for instance. */
export function deleteVersion(name: string, version: string) {
  return answerOf(api.DELETE("/api/v1/plugins/{name}", { params: { path: { name }, query: { version } } }));
}

/** Registers a manifest, which is JSON text. Throws `Refused`, with what is wrong and where. */
export function register(manifest: string): Promise<Plugin> {
  return sendText("POST", "/api/v1/plugins", manifest);
}
