import { useCallback, useMemo, useState } from "react";
import type { Job } from "./job-queries";

/** Which jobs of the list are selected: some of those seen, or all that the filter lets through. */
export interface Selection {
  jobs: Job[];
  ids: ReadonlySet<number>;
  /** All that are seen are selected. */
  isAll: boolean;
  /** Also those that are not seen. */
  isWholeFilter: boolean;
  select: (id: number, isSelected: boolean) => void;
  selectAll: (isSelected: boolean) => void;
  selectWholeFilter: () => void;
  /** Selects these alone: those for instance that something could not be done with. */
  keep: (ids: Iterable<number>) => void;
}

export function useSelection(listed: Job[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<number>>(new Set());
  const [isWholeFilter, setWholeFilter] = useState(false);
  const keep = useCallback((kept: Iterable<number>) => {
    setIds(new Set(kept));
    setWholeFilter(false);
  }, []);
  const select = useCallback((id: number, isSelected: boolean) => {
    setWholeFilter(false);
    setIds((selected) => (isSelected ? new Set([...selected, id]) : new Set([...selected].filter((each) => each !== id))));
  }, []);
  const selectAll = useCallback((isSelected: boolean) => keep(isSelected ? listed.map((job) => job.id) : []), [keep, listed]);
  const jobs = useMemo(() => listed.filter((job) => ids.has(job.id)), [listed, ids]);
  const isAll = jobs.length > 0 && jobs.length === listed.length;
  return { jobs, ids, isAll, isWholeFilter, select, selectAll, selectWholeFilter: () => setWholeFilter(true), keep };
}
