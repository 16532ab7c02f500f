import createClient from "openapi-fetch";
import { Refused, type Problem } from "./problems";
import type { components, paths } from "./schema";

/** The types of the API's bodies by their names: `Schemas["JobRead"]`. */
export type Schemas = components["schemas"];

let onSessionEnd: () => void = () => {};

/** Calls `listener` when the server no longer knows who asks. */
export function whenSessionEnds(listener: () => void): void {
  onSessionEnd = listener;
}

/** The API, typed by its own description. The login is a cookie that no script sees; the browser sends it. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => fetch(request) });

/** Where a password is asked for: 401 says there that it is wrong, not that nobody is signed in. */
const ASKS_PASSWORD = /\/(auth\/session|users\/me\/password)$/;

api.use({
  onResponse({ request, response }) {
    if (response.status === 401 && !ASKS_PASSWORD.test(request.url)) onSessionEnd();
  },
});

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Returns what the API answers; throws `Refused`, with what the API says of it. */
export async function answerOf<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await request.catch((cause: unknown) => {
    throw new Refused(0, null, { cause });
  });
  if (!response.ok) throw new Refused(response.status, isProblem(error) ? error : null);
  return data as T;
}

/** Sends a body that is JSON text already: parsed here, its large numbers would be rounded. */
export async function sendText<T>(method: "POST" | "PUT", path: string, text: string): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, { method, headers, body: text }).catch((cause: unknown) => {
    throw new Refused(0, null, { cause });
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.status === 401) onSessionEnd();
  if (!response.ok) throw new Refused(response.status, isProblem(body) ? body : null);
  return body as T;
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}
