import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import { objectOf } from "./json-text";
import { triggerRun } from "./workflow-actions";
import type { Workflow } from "./workflow-queries";

/** Asks with which params a run begins, and begins it. */
export function TriggerDialog({ workflow, onClose }: { workflow: Workflow; onClose: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const { tellError } = useToasts();
  const [text, setText] = useState(() => JSON.stringify(workflow.params, null, 2));
  const params = objectOf(text);
  const begin = useMutation({
    mutationFn: (values: Record<string, unknown>) => triggerRun(workflow.id, { params: values }),
    onSuccess: ({ id }) => void navigate({ to: "/runs/$runId", params: { runId: String(id) } }),
    onError: tellError,
  });
  return (
    <Confirm title={t("workflows.runTitle", { name: workflow.name })} action={t("workflows.run")} isBusy={begin.isPending || params === null} onConfirm={() => params && begin.mutate(params)} onClose={onClose}>
      <label>
        {t("workflows.params")}
        <textarea rows={8} value={text} spellCheck={false} aria-invalid={params === null} onChange={(event) => setText(event.target.value)} />
      </label>
      {params === null && <p className="error-text small">{t("workflows.noObject")}</p>}
    </Confirm>
  );
}
