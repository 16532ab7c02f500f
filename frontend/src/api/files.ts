import { answerOf, api, type Schemas } from "./client";

/** Stores a file, and returns how an input refers to it. Throws `Refused`. */
export async function storeFile(file: File): Promise<{ $file: string }> {
  const params = { query: { name: file.name } };
  const request = api.POST("/api/v1/files", { params, body: file as never, bodySerializer: (body: unknown) => body as File, headers: { "Content-Type": file.type || "application/octet-stream" } });
  const stored = await answerOf<Schemas["FileRead"]>(request as never);
  return { $file: stored.id };
}
