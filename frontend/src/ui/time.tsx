import { useSyncExternalStore } from "react";
import { duration, exactTime, relativeTime } from "~/i18n/formats";
import { useText } from "~/i18n/text";

const TICK_MS = 1_000;
/** A list of hundreds of times at once is a pause that is seen; so many in each frame are none. */
const TOLD_AT_ONCE = 40;

let now = new Date();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Returns the present time; the component is drawn again each second. */
export function useNow(): Date {
  return useSyncExternalStore(listenToClock, () => now);
}

/** How long ago a time was; its tooltip has the exact one with its zone. */
export function Ago({ time }: { time: string | null | undefined }) {
  useText();
  const shown = useTextOfNow((present) => (time ? relativeTime(new Date(time), present) : "–"));
  if (!time) return <span className="muted">{shown}</span>;
  return (
    <time dateTime={time} title={exactTime(new Date(time))}>
      {shown}
    </time>
  );
}

/** An exact time, with its zone; its tooltip has the same in UTC. */
export function Moment({ time }: { time: string | null | undefined }) {
  useText();
  if (!time) return <span className="muted">–</span>;
  const moment = new Date(time);
  return (
    <time dateTime={time} title={exactTime(moment, "UTC")}>
      {exactTime(moment)}
    </time>
  );
}

/** How long something has gone on since a time. */
export function Since({ time }: { time: string }) {
  const shown = useTextOfNow((present) => duration(present.getTime() - Date.parse(time)));
  return <span className="number">{shown}</span>;
}

/** Returns a text about the present time; the component is drawn again only when the text is another one. */
function useTextOfNow(textOf: (present: Date) => string): string {
  return useSyncExternalStore(listenToClock, () => textOf(now));
}

function listenToClock(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = new Date();
  tell([...listeners]);
}

function tell(waiting: (() => void)[]): void {
  for (const listener of waiting.slice(0, TOLD_AT_ONCE)) if (listeners.has(listener)) listener();
  if (waiting.length > TOLD_AT_ONCE) requestAnimationFrame(() => tell(waiting.slice(TOLD_AT_ONCE)));
}
