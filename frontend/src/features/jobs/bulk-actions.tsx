import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { Confirm } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import { cancelJobs, cancelMatching, replayMatching, retryJobs, type BulkOutcome } from "./job-actions";
import type { JobFilter } from "./job-filter";
import { jobKeys } from "./job-queries";
import styles from "./jobs-page.module.css";
import type { Selection } from "./use-selection";

type Action = "cancel" | "replay";

interface BulkActionsProps {
  filter: JobFilter;
  selection: Selection;
  total: number;
}

/** What can be done with the selected jobs, or with all that the filter lets through. */
export function BulkActions({ filter, selection, total }: BulkActionsProps) {
  const t = useText();
  const mayChange = useMayChange();
  const [asked, setAsked] = useState<Action | null>(null);
  const bulk = useBulk(filter, selection, () => setAsked(null));
  if (!mayChange || selection.jobs.length === 0) return null;
  const { cancellable, replayable } = fitFor(selection);
  const count = selection.isWholeFilter ? t("jobs.bulk.whole") : t("jobs.bulk.some", { count: selection.jobs.length });
  return (
    <div className={styles.bulk} role="group" aria-label={t("jobs.bulk.label")}>
      <strong>{count}</strong>
      {selection.isAll && !selection.isWholeFilter && total > selection.jobs.length && (
        <button type="button" className="quiet" onClick={selection.selectWholeFilter}>
          {t("jobs.bulk.selectWhole")}
        </button>
      )}
      <span className="grow" />
      <button type="button" className="danger" disabled={cancellable.length === 0 && !selection.isWholeFilter} onClick={() => setAsked("cancel")}>
        {t("jobs.bulk.cancel")}
      </button>
      <button type="button" disabled={replayable.length === 0 && !selection.isWholeFilter} onClick={() => setAsked("replay")}>
        {t("jobs.bulk.replay")}
      </button>
      {asked !== null && (
        <Confirm title={t(`jobs.bulk.${asked}`)} action={t(`jobs.bulk.${asked}`)} isBusy={bulk.isPending} onConfirm={() => bulk.mutate(asked)} onClose={() => setAsked(null)}>
          <p>{selection.isWholeFilter ? t(`jobs.bulk.${asked}Whole`) : t(`jobs.bulk.${asked}Some`, { fit: (asked === "cancel" ? cancellable : replayable).length, count: selection.jobs.length })}</p>
        </Confirm>
      )}
    </div>
  );
}

function fitFor({ jobs }: Selection) {
  return {
    cancellable: jobs.filter((job) => ["queued", "processing"].includes(job.status) && !job.cancelling),
    replayable: jobs.filter((job) => ["failed", "cancelled"].includes(job.status)),
  };
}

function useBulk(filter: JobFilter, selection: Selection, onDone: () => void) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const { cancellable, replayable } = fitFor(selection);
  const acts: Record<Action, () => Promise<BulkOutcome>> = selection.isWholeFilter
    ? { cancel: () => cancelMatching(filter), replay: () => replayMatching(filter) }
    : { cancel: () => cancelJobs(cancellable.map((job) => job.id)), replay: () => retryJobs(replayable) };
  return useMutation({
    mutationFn: (action: Action) => acts[action](),
    onSuccess: ({ done, refused }, action) => {
      tell(t(`jobs.bulk.${action}Done`, { count: done }));
      for (const [id, reason] of refused) tellError(new Error(`#${id}: ${reason}`));
      selection.keep(refused.keys());
      void queries.invalidateQueries({ queryKey: jobKeys.lists });
    },
    onError: tellError,
    onSettled: onDone,
  });
}
