import { answerOf, api, sendText, type Schemas } from "~/api/client";

/** What is tried, and on how much of what is asked. */
export type RolloutChange = Schemas["RolloutChange"];

/** Lets an alias name a version; `reason` moves it past a gate that is closed. Throws `Refused`. */
export function moveAlias(name: string, alias: string, version: number, reason?: string) {
  const body = reason === undefined ? { version } : { version, override: { reason } };
  return answerOf(api.PUT("/api/v1/models/{name}/aliases/{alias}", { params: { path: { name, alias } }, body }));
}

/** Deletes a version; one that is named or needed stays. Throws `Refused`. */
export function deleteVersion(name: string, version: number) {
  return answerOf(api.DELETE("/api/v1/models/{name}/versions/{version}", { params: { path: { name, version } } }));
}

/** Begins a rollout, or changes the one that is running. Throws `Refused`. */
export function setRollout(name: string, body: RolloutChange) {
  return answerOf(api.PUT("/api/v1/models/{name}/rollout", { params: { path: { name } }, body }));
}

/** Ends the running rollout. Throws `Refused`. */
export function stopRollout(name: string) {
  return answerOf(api.DELETE("/api/v1/models/{name}/rollout", { params: { path: { name } } }));
}

/** Asks a model by the durable lane; the data is JSON text, since parsed its large numbers would be rounded. Throws `Refused`. */
export function predict(model: string, data: string): Promise<Schemas["InferenceStatus"]> {
  JSON.parse(data);
  return sendText("POST", "/api/v1/inference/submit", `{"model_name":${JSON.stringify(model)},"data":${data}}`);
}
