import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useFrames } from "~/live/live-state";
import { stepJobQuery } from "./run-queries";

/** The job of a step, asked for again whenever it begins, tries again or ends. */
export function useStepJob(runId: number, jobId: number) {
  const queries = useQueryClient();
  const query = stepJobQuery(runId, jobId);
  useFrames((frames) => {
    const isNews = frames.some(({ subject, job_id, type }) => subject !== "run" && job_id === jobId && (type === "status" || type === "result"));
    if (isNews) void queries.invalidateQueries({ queryKey: query.queryKey });
  });
  return useQuery(query);
}
