import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useToasts } from "~/ui/toasts";
import { exampleOf } from "~/viewers/json-form/example";
import { JsonForm } from "~/viewers/json-form/json-form";
import type { Schema } from "~/viewers/json-form/schema";
import { validatorOf, type Faults } from "~/viewers/json-form/validation";
import { versionQuery, type Run } from "../workflow-queries";
import { decide } from "./run-actions";
import { runKeys } from "./run-queries";
import styles from "./runs.module.css";

const NO_FAULTS: Faults = new Map();

/** Asks somebody to approve or reject, with what the task wants filled in. */
export default function Approval({ run, task }: { run: Run; task: string }) {
  const mayChange = useMayChange();
  const version = useQuery(versionQuery(run.workflow_id, run.version));
  const stated = version.data?.tasks?.find(({ name }) => name === task);
  if (!mayChange || version.data === undefined) return null;
  return <Decision run={run} task={task} form={(stated?.form ?? null) as Schema | null} />;
}

function Decision({ run, task, form }: { run: Run; task: string; form: Schema | null }) {
  const t = useText();
  const [comment, setComment] = useState("");
  const [data, setData] = useState<unknown>(() => (form === null ? {} : exampleOf(form)));
  const [faults, setFaults] = useState<Faults>(NO_FAULTS);
  const check = useMemo(() => (form === null ? () => NO_FAULTS : validatorOf(form)), [form]);
  const deciding = useDeciding(run, task, setFaults);
  const send = (approved: boolean) => {
    const found = approved ? check(data, t) : NO_FAULTS;
    setFaults(found);
    if (found.size === 0) deciding.mutate({ approved, comment, data: approved ? (data as Record<string, unknown>) : {} });
  };
  return (
    <div className={styles.approval} role="group" aria-label={t("runs.approval")}>
      <strong>{t("runs.approval")}</strong>
      {form !== null && <JsonForm schema={form} value={data} onChange={(value) => { setData(value); setFaults(NO_FAULTS); }} faults={faults} onUpload={() => Promise.reject(new Error(t("runs.noFiles")))} />}
      <label>
        {t("runs.comment")}
        <input type="text" maxLength={2000} value={comment} onChange={(event) => setComment(event.target.value)} />
      </label>
      <div className="row">
        <button type="button" className="primary" disabled={deciding.isPending} onClick={() => send(true)}>
          {t("runs.approve")}
        </button>
        <button type="button" className="danger" disabled={deciding.isPending} onClick={() => send(false)}>
          {t("runs.reject")}
        </button>
      </div>
    </div>
  );
}

function useDeciding(run: Run, task: string, onFaults: (faults: Faults) => void) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  return useMutation({
    mutationFn: (body: Parameters<typeof decide>[2]) => decide(run.id, task, body),
    onSuccess: (_answer, { approved }) => {
      tell(t(approved ? "runs.approved" : "runs.rejected"));
      return queries.invalidateQueries({ queryKey: runKeys.one(run.id) });
    },
    onError: (error) => {
      if (error instanceof Refused) onFaults(new Map(error.violations.map(({ pointer, message }) => [pointer.replace(/^\/data/, ""), message])));
      tellError(error);
    },
  });
}
