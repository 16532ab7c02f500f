import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { Schemas } from "~/api/client";
import { bytes, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Fault } from "~/ui/fault";
import { Shown } from "~/ui/states";
import { useToasts } from "~/ui/toasts";
import { putLimits } from "./account-actions";
import { accountKeys, limitsQuery, type Limits } from "./account-queries";

/** Each limit with the least that it can be. */
const LIMITS = { max_running: 1, max_queued: 0, stored_bytes: 0, submissions_per_minute: 1, requests_per_minute: 1 } as const;
type LimitName = keyof typeof LIMITS;
const NAMES = Object.keys(LIMITS) as LimitName[];

/** How much an account may; an empty field is as for everybody. */
export function LimitsForm({ accountId }: { accountId: number }) {
  const t = useText();
  const limits = useQuery(limitsQuery(accountId));
  return (
    <section className="card padded stack" aria-label={t("accounts.limits")}>
      <h2>{t("accounts.limits")}</h2>
      <p className="muted small">{t("accounts.limitsAbout")}</p>
      <Shown query={limits}>{(known) => <Form key={JSON.stringify(known)} accountId={accountId} known={known} />}</Shown>
    </section>
  );
}

function Form({ accountId, known }: { accountId: number; known: Schemas["UserLimitsRead"] }) {
  const t = useText();
  const [wanted, setWanted] = useState<Limits>(known.own);
  const queries = useQueryClient();
  const { tell } = useToasts();
  const saving = useMutation({
    mutationFn: () => putLimits(accountId, wanted),
    onSuccess: () => {
      tell(t("accounts.limitsSaved"));
      return queries.invalidateQueries({ queryKey: accountKeys.all });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      {NAMES.map((name) => (
        <label key={name}>
          {t(`accounts.limit.${name}`)}
          <input
            type="number" min={LIMITS[name]} step={1} value={wanted[name] ?? ""} placeholder={t("accounts.asEverybody")}
            onChange={({ target }) => setWanted({ ...wanted, [name]: target.value === "" ? null : target.valueAsNumber })}
          />
          <span className="muted small">{t("accounts.inForce", { value: shown(name, known.in_force[name]) ?? t("accounts.noLimit") })}</span>
        </label>
      ))}
      <Fault error={saving.error} />
      <div className="row">
        <button type="submit" className="primary" disabled={saving.isPending}>
          {t("action.save")}
        </button>
      </div>
    </form>
  );
}

function shown(name: LimitName, value: number | null): string | null {
  if (value === null) return null;
  return name === "stored_bytes" ? bytes(value) : number(value);
}
