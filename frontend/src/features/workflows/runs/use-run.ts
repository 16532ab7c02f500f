import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useFrames } from "~/live/live-state";
import { applyTaskFrames } from "./apply-task-frames";
import { graphQuery, runKeys, runQuery } from "./run-queries";

const REFRESH_MS = 2_000;

/** A run and its graph, which frames keep fresh; what frames do not tell is asked for at most every two seconds. */
export function useRun(id: number) {
  const queries = useQueryClient();
  const run = useQuery(runQuery(id));
  const graph = useQuery(graphQuery(id));
  const refreshSoon = useRefreshSoon(id);
  useFrames((frames) => {
    const ours = frames.filter(({ job_id, subject }) => subject === "run" && job_id === id);
    if (ours.length === 0) return;
    queries.setQueryData(graphQuery(id).queryKey, (known) => known && applyTaskFrames(known, ours));
    if (ours.some(({ type }) => type === "status" || type === "result")) void queries.invalidateQueries({ queryKey: runKeys.one(id), exact: true });
    refreshSoon();
  });
  return { run, graph };
}

function useRefreshSoon(id: number): () => void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: runKeys.one(id) });
    }, REFRESH_MS);
  };
}
