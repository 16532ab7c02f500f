import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { problemText, Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import { setRollout, type RolloutChange } from "./model-actions";
import { modelKeys, type Model, type Rollout } from "./model-queries";
import styles from "./models.module.css";

const FIELDS = ["candidate", "percent", "shadow_percent", "min_requests", "max_failure_ratio", "max_difference_ratio", "tolerance"] as const;
type Field = (typeof FIELDS)[number];

const DEFAULTS = { percent: 10, shadow_percent: 0, min_requests: 20, max_failure_ratio: 0.05, max_difference_ratio: 0.05, tolerance: 0.001 };

/** Asks which version is tried, on how much of what is asked, and which limits it may not break. */
export function RolloutForm({ model, running, onClose }: { model: Model; running: Rollout | null; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const initial = running ?? { ...DEFAULTS, candidate: model.latest_version ?? 1, alias: "champion" };
  const [typed, setTyped] = useState<Record<Field, string>>(() => Object.fromEntries(FIELDS.map((field) => [field, String(initial[field])])) as Record<Field, string>);
  const setting = useMutation({
    mutationFn: () => setRollout(model.name, { ...Object.fromEntries(FIELDS.map((field) => [field, Number(typed[field])])), alias: initial.alias } as RolloutChange),
    onSuccess: () => {
      tell(t("models.rollout.isSet", { version: typed.candidate }));
      onClose();
      return queries.invalidateQueries({ queryKey: modelKeys.all });
    },
  });
  const isFit = FIELDS.every((field) => typed[field].trim() !== "" && Number.isFinite(Number(typed[field])));
  const violations = setting.error instanceof Refused ? setting.error.violations : [];
  return (
    <Confirm title={t("models.rollout.title", { alias: initial.alias })} action={t("models.rollout.set")} isBusy={setting.isPending || !isFit} onConfirm={() => setting.mutate()} onClose={onClose}>
      <div className={styles.fields}>
        {FIELDS.map((field) => (
          <label key={field}>
            {t(`models.rollout.field.${field}`)}
            <input type="text" inputMode="decimal" value={typed[field]} aria-invalid={violations.some(({ pointer }) => pointer === `/${field}`)} onChange={(event) => setTyped({ ...typed, [field]: event.target.value })} />
          </label>
        ))}
      </div>
      {setting.error && <p role="alert" className="error-text">{problemText(setting.error)}</p>}
    </Confirm>
  );
}
