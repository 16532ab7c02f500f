import { useInfiniteQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useFrames } from "~/live/live-state";
import type { Frame } from "~/live/live-socket";
import { applyFrames, tellOfOthers } from "./apply-frames";
import { lets, type JobFilter } from "./job-filter";
import { jobKeys, jobListQuery, type JobPage } from "./job-queries";

const REFRESH_MS = 700;

type Pages = InfiniteData<JobPage, string | undefined>;

/** A list of jobs that frames keep fresh; who enters or leaves it makes it be asked for again, at most every 700 ms. */
export function useJobList(filter: JobFilter) {
  const queries = useQueryClient();
  const list = useInfiniteQuery(jobListQuery(filter));
  const refreshSoon = useRefreshSoon(filter);
  useFrames((frames) => {
    const key = jobKeys.list(filter);
    const known = queries.getQueryData<Pages>(key);
    if (known === undefined) return;
    const next = withFrames(known, frames);
    if (next !== known) queries.setQueryData<Pages>(key, next);
    const jobs = next.pages.flatMap((page) => page.items);
    if (jobs.some((job) => !lets(filter, job)) || tellOfOthers(jobs, frames) || frames.some(({ type }) => type === "result")) refreshSoon();
  });
  const jobs = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  return { ...list, jobs, total: list.data?.pages[0]?.total ?? 0 };
}

function withFrames(known: Pages, frames: readonly Frame[]): Pages {
  const pages = known.pages.map((page) => {
    const items = applyFrames(page.items, frames);
    return items === page.items ? page : { ...page, items };
  });
  return pages.some((page, index) => page !== known.pages[index]) ? { ...known, pages } : known;
}

function useRefreshSoon(filter: JobFilter): () => void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: jobKeys.list(filter) });
    }, REFRESH_MS);
  };
}
