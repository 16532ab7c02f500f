import { sendText, type Schemas } from "~/api/client";

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
