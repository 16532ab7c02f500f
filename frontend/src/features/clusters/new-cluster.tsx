import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { problemText, Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Dialog } from "~/ui/dialog";
import { createCluster } from "./cluster-actions";
import { clusterKeys } from "./cluster-queries";
import styles from "./clusters.module.css";
import { bodyOf, EMPTY, FIELDS, type Draft } from "./draft";

/** Asks where a cluster is and as whom one logs in there, and registers it. */
export function NewCluster({ onClose }: { onClose: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const making = useMutation({
    mutationFn: () => createCluster(bodyOf(draft)),
    onSuccess: ({ name }) => {
      void queries.invalidateQueries({ queryKey: clusterKeys.all });
      void navigate({ to: "/clusters/$name", params: { name }, search: { tab: "keys" } });
    },
  });
  const violations = making.error instanceof Refused ? making.error.violations : [];
  const isFaulty = (places: RegExp) => violations.some(({ pointer }) => places.test(pointer));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  return (
    <Dialog title={t("clusters.register")} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <div className={styles.fields}>
          {FIELDS.map(({ key, places, isRequired }) => (
            <Field
              key={key} label={t(`clusters.field.${key}`)} value={draft[key]} isFaulty={isFaulty(places)} isRequired={isRequired}
              onChange={(value) => setDraft({ ...draft, [key]: value })}
            />
          ))}
          <label>
            {t("clusters.field.launcher")}
            <select value={draft.launcher} onChange={(event) => setDraft({ ...draft, launcher: event.target.value as Draft["launcher"] })}>
              {["builtin", "gpu-run", "slurm"].map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        </div>
        <p className="muted small">{t("clusters.registerHelp")}</p>
        {making.error && (
          <div role="alert" className="error-text">
            {violations.length === 0 && problemText(making.error)}
            {violations.map(({ pointer, message }) => (
              <p key={pointer}>
                <code>{pointer}</code> {message}
              </p>
            ))}
          </div>
        )}
        <div className="row">
          <button type="submit" className="primary" disabled={making.isPending}>
            {t("clusters.registerNow")}
          </button>
          <button type="button" className="quiet" onClick={onClose}>
            {t("action.close")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  label: string;
  value: string;
  isFaulty: boolean;
  isRequired: boolean;
  onChange: (value: string) => void;
}

function Field({ label, value, isFaulty, isRequired, onChange }: FieldProps) {
  return (
    <label>
      {label}
      <input type="text" required={isRequired} spellCheck={false} autoCapitalize="off" value={value} aria-invalid={isFaulty} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
