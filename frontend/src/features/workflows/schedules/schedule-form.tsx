import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { Segments } from "~/ui/segments";
import { useToasts } from "~/ui/toasts";
import { workflowKeys, type Workflow } from "../workflow-queries";
import styles from "../workflows.module.css";
import { SchedulePreview } from "./schedule-preview";
import { changeSchedule, dropSchedule, scheduleQuery } from "./schedule-queries";
import { ScheduleRules } from "./schedule-rules";
import type { Schedule } from "./schedule-text";

const KINDS = ["none", "cron", "every"] as const;
type Kind = (typeof KINDS)[number];

/** When a workflow runs by itself, with the ticks that this means. */
export function ScheduleForm({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const mayChange = useMayChange();
  const known = workflow.schedule;
  const [kind, setKind] = useState<Kind>(known === null ? "none" : known.every_s == null ? "cron" : "every");
  const [draft, setDraft] = useState<Schedule>(() => known ?? { cron: "30 2 * * *", timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, catchup: "latest", overlap: "queue_one" });
  const change = (part: Partial<Schedule>) => setDraft((before) => ({ ...before, ...part }));
  const schedule = kind === "none" ? null : stated(kind, draft);
  return (
    <div className={styles.columns}>
      <section className="card padded stack" aria-label={t("workflows.tab.schedule")}>
        <Fault workflowId={workflow.id} />
        <Segments label={t("schedule.kind")} choices={KINDS.map((value) => ({ value, text: t(`schedule.kind.${value}`) }))} chosen={kind} onChoose={setKind} />
        {kind === "cron" && (
          <label>
            {t("schedule.cron")}
            <input type="text" className="mono" value={draft.cron ?? ""} onChange={(event) => change({ cron: event.target.value })} />
          </label>
        )}
        {kind === "every" && (
          <label>
            {t("schedule.every")}
            <input type="number" min={1} value={draft.every_s ?? 900} onChange={(event) => change({ every_s: event.target.valueAsNumber })} />
          </label>
        )}
        {schedule !== null && <ScheduleRules draft={draft} onChange={change} />}
        {mayChange && <Save workflow={workflow} schedule={schedule} />}
      </section>
      {schedule !== null && <SchedulePreview workflowId={workflow.id} schedule={schedule} />}
    </div>
  );
}

function stated(kind: Kind, { cron, every_s, timezone, catchup, overlap }: Schedule): Schedule {
  const rules = { timezone, catchup, overlap };
  return kind === "every" ? { ...rules, every_s: every_s ?? 900 } : { ...rules, cron: cron ?? "" };
}

function Save({ workflow, schedule }: { workflow: Workflow; schedule: Schedule | null }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const saving = useMutation({
    mutationFn: async () => void (await (schedule === null ? dropSchedule(workflow.id, workflow.revision) : changeSchedule(workflow.id, workflow.revision, schedule))),
    onSuccess: () => {
      tell(t("schedule.saved"));
      return queries.invalidateQueries({ queryKey: workflowKeys.all });
    },
    onError: tellError,
  });
  return (
    <div className="row">
      <button type="button" className="primary" disabled={saving.isPending} onClick={() => saving.mutate()}>
        {t("workflows.save")}
      </button>
      <span className="muted small">{t("schedule.atOnce")}</span>
    </div>
  );
}

function Fault({ workflowId }: { workflowId: number }) {
  const t = useText();
  const { data } = useQuery(scheduleQuery(workflowId));
  if (!data?.schedule) return null;
  const note = data.fault ?? (data.is_deployed ? (data.is_active ? null : t("workflows.isPaused")) : t("schedule.notDeployed"));
  return note && <p className={data.fault ? "note bad" : "note"}>{note}</p>;
}
