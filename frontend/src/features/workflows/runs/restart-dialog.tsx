import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { problemText } from "~/api/problems";
import type { Schemas } from "~/api/client";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { Loading } from "~/ui/states";
import { useToasts } from "~/ui/toasts";
import { objectOf } from "../json-text";
import type { Run } from "../workflow-queries";
import { restartRun } from "./run-actions";
import { runKeys, type Plan } from "./run-queries";
import styles from "./runs.module.css";

interface RestartDialogProps {
  run: Run;
  tasks: string[];
  /** The task that is selected: from there, unless something else is said. */
  task: string | null;
  onClose: () => void;
}

/** Asks from where a run begins again, shows what would be run and what taken over, and only then begins. */
export function RestartDialog({ run, tasks, task, onClose }: RestartDialogProps) {
  const t = useText();
  const navigate = useNavigate();
  const { tellError } = useToasts();
  const [from, setFrom] = useState(task ?? "");
  const [version, setVersion] = useState<"same" | "latest">("same");
  const [text, setText] = useState(() => JSON.stringify(run.params, null, 2));
  const params = objectOf(text);
  const body: Schemas["RestartCreate"] = { dry_run: true, tasks: from === "" ? null : [from], version, params: JSON.stringify(params) === JSON.stringify(run.params) ? null : params };
  const plan = useQuery({
    queryKey: [...runKeys.one(run.id), "restart", body],
    queryFn: () => restartRun(run.id, body),
    enabled: params !== null, placeholderData: keepPreviousData, staleTime: 0, retry: false,
  });
  const begin = useMutation({
    mutationFn: () => restartRun(run.id, { ...body, dry_run: false }),
    onSuccess: ({ run_id }) => {
      onClose();
      if (run_id !== null) void navigate({ to: "/runs/$runId", params: { runId: String(run_id) } });
    },
    onError: tellError,
  });
  const isReady = plan.data !== undefined && !plan.isPlaceholderData && params !== null;
  return (
    <Confirm title={t("runs.restartTitle", { id: run.id })} action={t("runs.restart")} isBusy={begin.isPending || !isReady} onConfirm={() => begin.mutate()} onClose={onClose}>
      <div className="stack">
        <label>
          {t("runs.restartFrom")}
          <select value={from} onChange={(event) => setFrom(event.target.value)}>
            <option value="">{t("runs.restartNeeded")}</option>
            {tasks.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("workflows.column.version")}
          <select value={version} onChange={(event) => setVersion(event.target.value as "same" | "latest")}>
            <option value="same">{t("runs.versionSame", { version: run.version })}</option>
            <option value="latest">{t("runs.versionLatest")}</option>
          </select>
        </label>
        <details>
          <summary>{t("workflows.params")}</summary>
          <textarea className={styles.params} rows={5} aria-label={t("workflows.params")} aria-invalid={params === null} value={text} spellCheck={false} onChange={(event) => setText(event.target.value)} />
        </details>
        {plan.error ? <p className="error-text" role="alert">{problemText(plan.error)}</p> : plan.data ? <PlanTable plan={plan.data} /> : <Loading />}
      </div>
    </Confirm>
  );
}

function PlanTable({ plan }: { plan: Plan }) {
  const t = useText();
  const anew = plan.plan.filter(({ action }) => action === "run").length;
  return (
    <>
      <p role="status">{t("runs.plan", { anew, reused: plan.plan.length - anew })}</p>
      <ul className={styles.plan} aria-label={t("runs.planLabel")}>
        {plan.plan.map(({ task, action, reason }) => (
          <li key={task} data-action={action}>
            <strong>{task}</strong> <span className="tag">{t(`runs.action.${action}`)}</span> <span className="muted small">{reason}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
