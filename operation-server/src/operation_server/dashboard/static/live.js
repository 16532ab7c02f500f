// One WebSocket for all jobs. It comes back by itself, with the last cursor, and so misses nothing.

import { socketAddress } from "./api.js";

const UNAUTHENTICATED = 4401;
const CURSOR_INVALID = 4400;
const LONGEST_PAUSE_MS = 8000;

export class LiveEvents {
  constructor({ onFrame, onState, onOpen, onSignedOut }) {
    this.listeners = { onFrame, onState, onOpen, onSignedOut };
    this.cursor = null;
    this.failures = 0;
    this.socket = null;
    this.stopped = true;
  }

  start() {
    this.stopped = false;
    this.#connect();
  }

  stop() {
    this.stopped = true;
    this.cursor = null;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  #connect() {
    this.listeners.onState(this.failures ? "reconnecting" : "connecting");
    const socket = (this.socket = new WebSocket(socketAddress("/ws/jobs", this.cursor)));
    socket.onopen = () => {
      this.failures = 0;
      this.listeners.onState("live");
      this.listeners.onOpen();
    };
    socket.onmessage = (message) => {
      const frame = JSON.parse(message.data);
      this.cursor = frame.cursor;
      this.listeners.onFrame(frame);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      if (event.code === CURSOR_INVALID) this.cursor = null;
      if (event.code === UNAUTHENTICATED) this.listeners.onSignedOut();
      else this.#connectLater();
    };
  }

  #connectLater() {
    if (this.stopped) return;
    this.failures += 1;
    this.listeners.onState("reconnecting");
    const pause = Math.min(LONGEST_PAUSE_MS, 250 * 2 ** this.failures);
    this.timer = setTimeout(() => this.#connect(), pause * (0.75 + Math.random() / 2));
  }
}
