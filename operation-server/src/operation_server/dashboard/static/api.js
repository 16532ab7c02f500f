// The HTTP API. The token lives as long as the tab.

const PREFIX = "/api/v1";
const TOKEN = "satellite.token";

let onSignedOut = () => {};

/** Call `listener` when the server no longer takes the token. */
export function whenSignedOut(listener) {
  onSignedOut = listener;
}

export function isSignedIn() {
  return sessionStorage.getItem(TOKEN) !== null;
}

export function forgetToken() {
  sessionStorage.removeItem(TOKEN);
}

/** A refused request: `problem` is the body that says why. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || `The server answered ${status}.`);
    this.status = status;
    this.errors = problem.errors || [];
  }
}

/** Get a token and keep it. */
export async function signIn(username, password) {
  const answer = await request("POST", "/auth/token", { username, password }, { open: true });
  sessionStorage.setItem(TOKEN, answer.access_token);
}

/** Send a request and return the answer's JSON, or its text when it is none. */
export async function request(method, path, body, { open = false } = {}) {
  const headers = {};
  if (!open) headers.Authorization = `Bearer ${sessionStorage.getItem(TOKEN)}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(PREFIX + path, {
    method,
    headers,
    body: typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body),
  });
  const isJson = (response.headers.get("content-type") || "").includes("json");
  const answer = isJson ? await response.json() : await response.text();
  if (response.ok) return answer;
  if (response.status === 401 && !open) onSignedOut();
  throw new Refused(response.status, isJson ? answer : {});
}

export const get = (path) => request("GET", path);
export const post = (path, body) => request("POST", path, body);

/** Return an address for a new WebSocket; tickets are short-lived, so each connection needs its own. */
export async function socketAddress(path, after) {
  const { ticket } = await post("/auth/ws-ticket");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams(after ? { ticket, after } : { ticket });
  return `${scheme}://${location.host}${PREFIX}${path}?${query}`;
}
