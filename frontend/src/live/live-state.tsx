import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useEffectEvent, useMemo, useState, type ReactNode } from "react";
import { FrameBatch } from "./frame-batch";
import { LiveSocket, type Frame, type SocketState } from "./live-socket";

type Listener = (frames: Frame[]) => void;

interface Live {
  state: SocketState;
  /** Since when nothing new comes, once that is worth telling; else null. */
  staleSince: Date | null;
  listen: (listener: Listener) => () => void;
}

const STALE_AFTER_MS = 5_000;
const POLL_MS = 5_000;

const LiveContext = createContext<Live>({ state: "connecting", staleSince: null, listen: () => () => {} });

/** Keeps the one WebSocket while the page is open, and tells its frames to whoever listens. */
export function LiveProvider({ onSignedOut, children }: { onSignedOut: () => void; children: ReactNode }) {
  const [state, setState] = useState<SocketState>("connecting");
  const [listeners] = useState(() => new Set<Listener>());
  const queries = useQueryClient();
  const signedOut = useEffectEvent(onSignedOut);

  useEffect(() => {
    const batch = new FrameBatch((frames) => listeners.forEach((listener) => listener(frames)));
    const socket = new LiveSocket({
      onFrame: (frame) => batch.add(frame),
      onState: setState,
      onGap: () => void queries.invalidateQueries(),
      onSignedOut: () => signedOut(),
    });
    socket.start();
    return () => socket.stop();
  }, [listeners, queries]);

  const staleSince = useStaleSince(state === "live");
  useEffect(() => {
    if (staleSince === null) return;
    const timer = setInterval(() => void queries.invalidateQueries(), POLL_MS);
    return () => clearInterval(timer);
  }, [staleSince, queries]);

  const live = useMemo(() => ({ state, staleSince, listen: addTo(listeners) }), [state, staleSince, listeners]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

/** Returns how the connection is. */
export function useLiveState(): Pick<Live, "state" | "staleSince"> {
  return use(LiveContext);
}

/** Calls `listener` with all frames that came since the last paint. */
export function useFrames(listener: Listener): void {
  const { listen } = use(LiveContext);
  const newest = useEffectEvent(listener);
  useEffect(() => listen((frames) => newest(frames)), [listen]);
}

function addTo(listeners: Set<Listener>): Live["listen"] {
  return (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
}

function useStaleSince(isLive: boolean): Date | null {
  const [staleSince, setStaleSince] = useState<Date | null>(null);
  useEffect(() => {
    if (isLive) return;
    const since = new Date();
    const timer = setTimeout(() => setStaleSince(since), STALE_AFTER_MS);
    return () => {
      clearTimeout(timer);
      setStaleSince(null);
    };
  }, [isLive]);
  return staleSince;
}
