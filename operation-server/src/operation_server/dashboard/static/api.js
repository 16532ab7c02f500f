// The HTTP API. The login is a cookie, which no script sees; the browser sends it by itself.

const PREFIX = "/api/v1";
const WAS_SIGNED_IN = "satellite.was-signed-in";

let onSignedOut = () => {};

/** Call `listener` when the server no longer knows us. */
export function whenSignedOut(listener) {
  onSignedOut = listener;
}

/** Tell whether this tab was signed in before, so that a login that has ended can be told from none. */
export function wasSignedIn() {
  return sessionStorage.getItem(WAS_SIGNED_IN) !== null;
}

/** A refused request: `problem` is the body that says why. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || `The server answered ${status}.`);
    this.status = status;
    this.errors = problem.errors || [];
  }
}

/** Log in; the answer sets the cookie. */
export async function signIn(username, password) {
  await request("POST", "/auth/session", { username, password }, { open: true });
  sessionStorage.setItem(WAS_SIGNED_IN, "yes");
}

/** Log out, also when the server is not there to hear it. */
export async function signOff() {
  sessionStorage.removeItem(WAS_SIGNED_IN);
  await request("DELETE", "/auth/session", undefined, { open: true });
}

/** Send a request and return the answer's JSON, or its text when it is none. */
export async function request(method, path, body, { open = false } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await fetch(PREFIX + path, {
    method,
    headers,
    body: typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body),
  });
  // An answer without content may be labelled as JSON all the same.
  const hasContent = response.status !== 204;
  const isJson = hasContent && (response.headers.get("content-type") || "").includes("json");
  const answer = isJson ? await response.json() : await response.text();
  if (response.ok) return answer;
  if (response.status === 401 && !open) onSignedOut();
  throw new Refused(response.status, isJson ? answer : {});
}

export const get = (path) => request("GET", path);
export const post = (path, body) => request("POST", path, body);

/** Return the address of a WebSocket. */
export function socketAddress(path, after) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = after ? `?${new URLSearchParams({ after })}` : "";
  return `${scheme}://${location.host}${PREFIX}${path}${query}`;
}
