import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Confirm } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import type { Run } from "../workflow-queries";
import { RestartDialog } from "./restart-dialog";
import { cancelRun, retryRun } from "./run-actions";
import { ENDED, runKeys, type RunGraph } from "./run-queries";

interface RunActionsProps {
  run: Run;
  graph: RunGraph;
  /** The task that is selected. */
  task: string | null;
}

/** What can be done with a run as it is. */
export function RunActions({ run, graph, task }: RunActionsProps) {
  const t = useText();
  const mayChange = useMayChange();
  const [dialog, setDialog] = useState<"cancel" | "restart" | null>(null);
  const close = () => setDialog(null);
  const cancel = useAction(run.id, cancelRun, t("runs.cancelling"), close);
  const retry = useAction(run.id, retryRun, t("runs.retried"), close);
  const isOver = ENDED.has(run.status);
  const mayRetry = run.status === "failed" || run.status === "cancelled";
  useCommands(
    mayChange
      ? [
          ...(isOver ? [{ id: "runs.restart", label: t("runs.restart"), run: () => setDialog("restart") }] : [{ id: "runs.cancel", label: t("runs.cancel"), run: () => setDialog("cancel") }]),
          ...(mayRetry ? [{ id: "runs.retry", label: t("runs.retry"), run: () => retry.mutate() }] : []),
        ]
      : [],
  );
  if (!mayChange) return null;
  return (
    <>
      {!isOver && (
        <button type="button" className="danger" disabled={run.cancelling} onClick={() => setDialog("cancel")}>
          {t("runs.cancel")}
        </button>
      )}
      {mayRetry && (
        <button type="button" className="primary" disabled={retry.isPending} title={t("runs.retryHelp")} onClick={() => retry.mutate()}>
          {t("runs.retry")}
        </button>
      )}
      {isOver && (
        <button type="button" onClick={() => setDialog("restart")}>
          {t("runs.restart")}
        </button>
      )}
      {dialog === "cancel" && (
        <Confirm title={t("runs.cancelTitle", { id: run.id })} action={t("runs.cancel")} isBusy={cancel.isPending} onConfirm={() => cancel.mutate()} onClose={close}>
          <p>{t("runs.cancelHelp")}</p>
        </Confirm>
      )}
      {dialog === "restart" && <RestartDialog run={run} tasks={graph.nodes.map(({ name }) => name)} task={task} onClose={close} />}
    </>
  );
}

function useAction(id: number, action: (id: number) => Promise<unknown>, told: string, onDone: () => void) {
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  return useMutation({
    mutationFn: () => action(id),
    onSuccess: () => {
      tell(told);
      onDone();
      return queries.invalidateQueries({ queryKey: runKeys.one(id) });
    },
    onError: tellError,
  });
}
