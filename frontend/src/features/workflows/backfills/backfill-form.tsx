import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { Schemas } from "~/api/client";
import { useText } from "~/i18n/text";
import { Moment } from "~/ui/time";
import { useToasts } from "~/ui/toasts";
import { dateOf } from "../schedules/month";
import type { Workflow } from "../workflow-queries";
import styles from "../workflows.module.css";
import { backfillsQuery, beginBackfill, planBackfill, type BackfillRequest } from "./backfill-queries";

const SCOPES = ["missing", "failed", "all"] as const;
const SHOWN_TICKS = 200;
const DAY_MS = 86_400_000;

/** Asks for which ticks of the past runs are wanted, shows which those are, and only then begins. */
export function BackfillForm({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const [asked, setAsked] = useState(() => ({ start: `${dateOf(new Date(Date.now() - 7 * DAY_MS))}T00:00`, end: `${dateOf(new Date())}T00:00`, scope: "missing" as BackfillRequest["scope"], max_active: 1, reverse: false }));
  const plan = useMutation({ mutationFn: () => planBackfill(workflow.id, requestOf(asked)), onError: tellError });
  const begin = useMutation({
    mutationFn: () => beginBackfill(workflow.id, requestOf(asked)),
    onSuccess: () => {
      tell(t("backfills.begun"));
      plan.reset();
      return queries.invalidateQueries({ queryKey: backfillsQuery(workflow.id).queryKey });
    },
    onError: tellError,
  });
  const change = (part: Partial<typeof asked>) => {
    setAsked((before) => ({ ...before, ...part }));
    // A plan of something else must not be begun.
    plan.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    plan.mutate();
  };
  return (
    <form className="card padded stack" aria-label={t("backfills.new")} onSubmit={submit}>
      <h2>{t("backfills.new")}</h2>
      <div className={styles.fields}>
        <label>
          {t("backfills.from")}
          <input type="datetime-local" required value={asked.start} onChange={(event) => change({ start: event.target.value })} />
        </label>
        <label>
          {t("backfills.to")}
          <input type="datetime-local" required value={asked.end} onChange={(event) => change({ end: event.target.value })} />
        </label>
        <label>
          {t("backfills.scope")}
          <select value={asked.scope} onChange={(event) => change({ scope: event.target.value as BackfillRequest["scope"] })}>
            {SCOPES.map((scope) => (
              <option key={scope} value={scope}>
                {t(`backfills.scope.${scope}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("backfills.maxActive")}
          <input type="number" min={1} max={1000} value={asked.max_active} onChange={(event) => change({ max_active: event.target.valueAsNumber || 1 })} />
        </label>
      </div>
      <label>
        <input type="checkbox" checked={asked.reverse} onChange={(event) => change({ reverse: event.target.checked })} /> {t("backfills.reverse")}
      </label>
      <div className="row">
        <button type="submit" disabled={plan.isPending}>
          {t("backfills.plan")}
        </button>
        {plan.data && (
          <button type="button" className="primary" disabled={begin.isPending || wanted(plan.data) === 0} onClick={() => begin.mutate()}>
            {t("backfills.begin", { count: wanted(plan.data) })}
          </button>
        )}
        <span className="muted small">{t("backfills.zone", { zone: new Intl.DateTimeFormat().resolvedOptions().timeZone })}</span>
      </div>
      {plan.data && <Plan plan={plan.data} />}
    </form>
  );
}

function Plan({ plan }: { plan: Schemas["BackfillPlan"] }) {
  const t = useText();
  return (
    <>
      <p role="status">{t("backfills.planned", { count: wanted(plan), leftOut: plan.ticks.length - wanted(plan), version: plan.version })}</p>
      <ol className={styles.ticks}>
        {plan.ticks.slice(0, SHOWN_TICKS).map(({ scheduled_for, left_out }) => (
          <li key={scheduled_for} data-off={left_out !== null || undefined}>
            <Moment time={scheduled_for} /> {left_out && <span className="muted small">{left_out}</span>}
          </li>
        ))}
      </ol>
    </>
  );
}

function wanted(plan: Schemas["BackfillPlan"]): number {
  return plan.ticks.filter(({ left_out }) => left_out === null).length;
}

function requestOf({ start, end, ...rest }: { start: string; end: string; scope: BackfillRequest["scope"]; max_active: number; reverse: boolean }): BackfillRequest {
  return { ...rest, dry_run: true, start: new Date(start).toISOString(), end: new Date(end).toISOString() };
}
