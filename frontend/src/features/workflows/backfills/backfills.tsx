import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useText, type TextOf } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { Progress } from "~/ui/progress";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Moment } from "~/ui/time";
import { useToasts } from "~/ui/toasts";
import type { Workflow } from "../workflow-queries";
import { BackfillForm } from "./backfill-form";
import { backfillsQuery, cancelBackfill, type Backfill } from "./backfill-queries";

/** Runs for ticks of the past: those under way, and the form for another one. */
export function Backfills({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const mayChange = useMayChange();
  const backfills = useQuery(backfillsQuery(workflow.id));
  if (workflow.schedule === null) return <Empty title={t("calendar.noSchedule")}>{t("backfills.noScheduleHelp")}</Empty>;
  return (
    <div className="stack">
      {mayChange && <BackfillForm workflow={workflow} />}
      <section className="card" aria-label={t("workflows.tab.backfills")}>
        <Shown query={backfills}>
          {({ items }) =>
            items.length === 0 ? <Empty title={t("backfills.none")}>{t("backfills.noneHelp")}</Empty> : <Table label={t("workflows.tab.backfills")} columns={columnsOf(t, workflow.id)} rows={items} keyOf={({ number }) => number} />
          }
        </Shown>
      </section>
    </div>
  );
}

function columnsOf(t: TextOf, workflowId: number): Column<Backfill>[] {
  return [
    { id: "number", title: t("backfills.number"), cell: ({ number }) => number },
    { id: "range", title: t("backfills.range"), isExtra: true, cell: ({ start, end }) => <><Moment time={start} /> – <Moment time={end} /></> },
    { id: "progress", title: t("backfills.progress"), cell: (backfill) => <HowFar backfill={backfill} /> },
    { id: "status", title: t("backfills.status"), cell: ({ status, fault }) => <span title={fault ?? undefined}>{t(`backfills.status.${status}`)}</span> },
    { id: "cancel", title: "", cell: (backfill) => backfill.status === "running" && <CancelButton workflowId={workflowId} number={backfill.number} /> },
  ];
}

function HowFar({ backfill: { total, completed, failed, cancelled } }: { backfill: Backfill }) {
  const t = useText();
  const done = completed + failed + cancelled;
  return (
    <>
      <Progress label={t("backfills.progress")} value={total === 0 ? 1 : done / total} />
      <span className="small">{t("backfills.counts", { done, total, failed })}</span>
    </>
  );
}

function CancelButton({ workflowId, number }: { workflowId: number; number: number }) {
  const t = useText();
  const queries = useQueryClient();
  const { tellError } = useToasts();
  const cancel = useMutation({
    mutationFn: () => cancelBackfill(workflowId, number),
    onSuccess: () => queries.invalidateQueries({ queryKey: backfillsQuery(workflowId).queryKey }),
    onError: tellError,
  });
  return (
    <button type="button" className="danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
      {t("backfills.cancel")}
    </button>
  );
}
