import type { Schemas } from "~/api/client";

/** One event, as the server sends it to everybody who may see its job. */
export type Frame = Schemas["Event"];
/** How the connection is: `live` is the only state in which what is shown is surely new. */
export type SocketState = "connecting" | "live" | "reconnecting";

export interface SocketListeners {
  onFrame: (frame: Frame) => void;
  onState: (state: SocketState) => void;
  /** The server no longer has what was missed: all must be asked for again. */
  onGap: () => void;
  onSignedOut: () => void;
}

const UNAUTHENTICATED = 4401;
const CURSOR_INVALID = 4400;
const LONGEST_PAUSE_MS = 8_000;

/** A WebSocket, of all jobs unless another path is given. It comes back by itself, with the last cursor, and so misses nothing. */
export class LiveSocket {
  private cursor: string | null = null;
  private failures = 0;
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners: SocketListeners;
  private readonly path: string;

  constructor(listeners: SocketListeners, { path = "/api/v1/ws/jobs", after = null }: { path?: string; after?: string | null } = {}) {
    this.listeners = listeners;
    this.path = path;
    this.cursor = after;
  }

  start(): void {
    globalThis.addEventListener("online", this.connectNow);
    this.connect();
  }

  stop(): void {
    globalThis.removeEventListener("online", this.connectNow);
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private readonly connectNow = (): void => {
    if (this.socket?.readyState === WebSocket.OPEN) return;
    clearTimeout(this.timer);
    this.connect();
  };

  private connect(): void {
    this.listeners.onState(this.failures ? "reconnecting" : "connecting");
    const socket = new WebSocket(addressOf(this.path, this.cursor));
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (message: MessageEvent<string>) => this.received(JSON.parse(message.data) as Frame);
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code);
    };
  }

  private opened(): void {
    // Without a cursor nobody knows what has been missed since the page was loaded.
    if (this.cursor === null) this.listeners.onGap();
    this.failures = 0;
    this.listeners.onState("live");
  }

  private received(frame: Frame): void {
    this.cursor = frame.cursor;
    if (frame.type === "reset") this.listeners.onGap();
    this.listeners.onFrame(frame);
  }

  private closed(code: number): void {
    if (code === CURSOR_INVALID) this.cursor = null;
    if (code === UNAUTHENTICATED) {
      this.listeners.onSignedOut();
      return;
    }
    this.failures += 1;
    this.listeners.onState("reconnecting");
    const pause_ms = Math.min(LONGEST_PAUSE_MS, 250 * 2 ** this.failures);
    this.timer = setTimeout(() => this.connect(), pause_ms * (0.75 + Math.random() / 2));
  }
}

function addressOf(path: string, after: string | null): string {
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (after !== null) address.searchParams.set("after", after);
  return address.href;
}
