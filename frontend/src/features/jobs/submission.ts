import { answerOf, api, sendText, type Schemas } from "~/api/client";

/** What people fill in for a new job; the input is JSON text, since parsed its large numbers would be rounded. */
export interface Submission {
  plugin: string;
  version?: string;
  input: string;
  priority: number;
}

/** Returns the body of the request. Throws `SyntaxError` where the input is no JSON. */
export function bodyOf({ plugin, version, input, priority }: Submission): string {
  JSON.parse(input);
  const head = JSON.stringify({ plugin_name: plugin, plugin_version: version, priority });
  return `${head.slice(0, -1)},"input_data":${input}}`;
}

/** Submits a job. Throws `Refused`, of an input that the schema refuses with the place of each fault. */
export function submitJob(submission: Submission): Promise<Schemas["JobRead"]> {
  return sendText("POST", "/api/v1/jobs", bodyOf(submission));
}

/** Stores a file, and returns how an input refers to it. Throws `Refused`. */
export async function storeFile(file: File): Promise<{ $file: string }> {
  const params = { query: { name: file.name } };
  const request = api.POST("/api/v1/files", { params, body: file as never, bodySerializer: (body: unknown) => body as File, headers: { "Content-Type": file.type || "application/octet-stream" } });
  const stored = await answerOf<Schemas["FileRead"]>(request as never);
  return { $file: stored.id };
}
