import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "~/api/client";
import { workflowKeys, type Definition } from "../workflow-queries";

/** A definition with the tag of its revision, by which nobody overwrites what somebody else has changed. */
export interface Revision {
  definition: Definition;
  etag: string;
}

/** A draft as one document. */
export function definitionQuery(id: number) {
  return queryOptions({ queryKey: [...workflowKeys.one(id), "definition"], queryFn: () => readDefinition(id) });
}

async function readDefinition(id: number): Promise<Revision> {
  const request = api.GET("/api/v1/workflows/{workflow_id}/definition", { params: { path: { workflow_id: id } } });
  const definition = await answerOf(request);
  return { definition, etag: await etagOf(request) };
}

/** Replaces a draft, if it is still of the revision of `etag`. Throws `Refused`: with 412 where it is another one. */
export async function saveDefinition(id: number, { definition, etag }: Revision): Promise<Revision> {
  const request = api.PUT("/api/v1/workflows/{workflow_id}/definition", { params: { path: { workflow_id: id }, header: { "If-Match": etag } }, body: definition });
  const saved = await answerOf(request);
  return { definition: saved, etag: await etagOf(request) };
}

async function etagOf(request: Promise<{ response: Response }>): Promise<string> {
  return (await request).response.headers.get("ETag") ?? "";
}
