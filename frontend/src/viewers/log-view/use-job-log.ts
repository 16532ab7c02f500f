import { useEffect, useState } from "react";
import { answerOf, api } from "~/api/client";
import { Refused } from "~/api/problems";
import { LiveSocket } from "~/live/live-socket";
import { useToasts } from "~/ui/toasts";
import { LogStore } from "./log-store";

/** Returns the log of an attempt of a job. `liveSince` is since when it runs; null of one whose log is stored. */
export function useJobLog(id: number, attempt: number, liveSince: string | null): LogStore {
  const [store] = useState(() => new LogStore());
  const { tellError } = useToasts();
  useEffect(() => {
    if (attempt === 0) return;
    if (liveSince !== null) return followed(store, id, attempt, liveSince);
    const path = { job_id: id };
    const asked = answerOf(api.GET("/api/v1/jobs/{job_id}/logs", { params: { path, query: { attempt } }, parseAs: "text" }));
    asked.then(
      (text) => store.replace(String(text ?? "")),
      // An attempt that said nothing has no log, and what was read live is better than none.
      (error: unknown) => error instanceof Refused && error.status === 404 ? undefined : tellError(error),
    );
  }, [store, id, attempt, liveSince, tellError]);
  return store;
}

/**
 * Adds the lines of an attempt by a socket of its own. Cursors begin with milliseconds, so one of when the attempt
 * began brings what it said before the page was opened, as far as the server still has it.
 */
function followed(store: LogStore, id: number, attempt: number, since: string): () => void {
  store.replace("");
  const after = since === "" ? null : `${Date.parse(since)}-0:0`;
  const socket = new LiveSocket(
    {
      onFrame: ({ type, data }) => {
        if (type === "log" && data.attempt === attempt) store.append(data.lines as string[]);
        if (type === "result") socket.stop();
      },
      onGap: () => store.replace(""),
      onState: () => {},
      onSignedOut: () => {},
    },
    { path: `/api/v1/ws/jobs/${id}`, after },
  );
  socket.start();
  return () => socket.stop();
}
