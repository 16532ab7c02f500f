import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useFrames } from "~/live/live-state";
import { letterKey } from "./letter-queries";

const REFRESH_MS = 700;

/** Asks for dead letters again, at most every 700 ms, when a job has failed or a failed one may run again. */
export function useFreshLetters(): void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  useFrames((frames) => {
    const isNews = frames.some(({ type, data }) => (type === "result" && data.status === "failed") || (type === "status" && ["queued", "failed"].includes(String(data.status))));
    if (!isNews) return;
    timer.current ??= setTimeout(() => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: letterKey });
    }, REFRESH_MS);
  });
}
