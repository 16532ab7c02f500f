import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveSocket } from "./live-socket";

class FakeSocket {
  static readonly OPEN = 1;
  static opened: FakeSocket[] = [];
  readyState = 0;
  onopen: () => void = () => {};
  onmessage: (message: { data: string }) => void = () => {};
  onclose: (event: { code: number }) => void = () => {};
  constructor(readonly address: string) {
    FakeSocket.opened.push(this);
  }
  close(): void {
    this.onclose({ code: 1000 });
  }
}

const listeners = { onFrame: vi.fn(), onState: vi.fn(), onGap: vi.fn(), onSignedOut: vi.fn() };
const newest = () => FakeSocket.opened.at(-1) as FakeSocket;
const after = () => new URL(newest().address).searchParams.get("after");

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  FakeSocket.opened = [];
  vi.clearAllMocks();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function opened(): LiveSocket {
  const socket = new LiveSocket(listeners);
  socket.start();
  newest().onopen();
  newest().onmessage({ data: JSON.stringify({ cursor: "5-0:7", type: "status" }) });
  return socket;
}

test("it comes back with the last cursor, and asks for nothing anew", () => {
  const socket = opened();
  newest().onclose({ code: 1006 });
  expect(listeners.onState).toHaveBeenLastCalledWith("reconnecting");
  vi.runOnlyPendingTimers();
  expect(after()).toBe("5-0:7");
  newest().onopen();
  expect(listeners.onState).toHaveBeenLastCalledWith("live");
  expect(listeners.onGap).toHaveBeenCalledTimes(1);
  socket.stop();
});

test("a cursor that the server does not know is given up, and all is asked for anew", () => {
  const socket = opened();
  newest().onclose({ code: 4400 });
  vi.runOnlyPendingTimers();
  expect(after()).toBeNull();
  newest().onopen();
  expect(listeners.onGap).toHaveBeenCalledTimes(2);
  socket.stop();
});

test("a login that has ended is told, and not tried again", () => {
  opened();
  newest().onclose({ code: 4401 });
  vi.runAllTimers();
  expect(listeners.onSignedOut).toHaveBeenCalledOnce();
  expect(FakeSocket.opened).toHaveLength(1);
});

test("one that was stopped stays away", () => {
  opened().stop();
  vi.runAllTimers();
  expect(FakeSocket.opened).toHaveLength(1);
});
