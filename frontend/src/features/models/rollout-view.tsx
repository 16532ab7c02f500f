import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { number, percent } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { Table } from "~/ui/table";
import { Ago } from "~/ui/time";
import { stopRollout } from "./model-actions";
import { rolloutQuery, type Model, type Rollout } from "./model-queries";
import styles from "./models.module.css";
import { RolloutForm } from "./rollout-form";
import { useAct } from "./use-act";
import { useOwns } from "./use-owns";

const TONES: Record<Rollout["status"], string> = { running: "good", promoted: "good", rolled_back: "bad", stopped: "plain", superseded: "plain" };

/** The version that is tried on part of what is asked, or that was last. */
export function RolloutView({ model }: { model: Model }) {
  const t = useText();
  const owns = useOwns(model);
  const [isAsked, setAsked] = useState(false);
  const rollout = useQuery(rolloutQuery(model.name));
  return (
    <Shown query={rollout}>
      {(data) => (
        <div className="stack">
          {owns && (
            <div className="row">
              <button type="button" disabled={model.latest_version === null} onClick={() => setAsked(true)}>{t(data?.status === "running" ? "models.rollout.change" : "models.rollout.begin")}</button>
              {data?.status === "running" && <StopButton name={model.name} />}
            </div>
          )}
          {data ? <Told rollout={data} /> : <Empty title={t("models.rollout.none")}>{t("models.rollout.noneHelp")}</Empty>}
          {isAsked && <RolloutForm model={model} running={data?.status === "running" ? data : null} onClose={() => setAsked(false)} />}
        </div>
      )}
    </Shown>
  );
}

function StopButton({ name }: { name: string }) {
  const t = useText();
  const act = useAct();
  return (
    <button type="button" className="danger" disabled={act.isPending} onClick={() => act.mutate({ done: t("models.rollout.isStopped"), work: () => stopRollout(name) })}>
      {t("models.rollout.stop")}
    </button>
  );
}

function Told({ rollout }: { rollout: Rollout }) {
  const t = useText();
  const rows = Object.entries(rollout.counts).map(([who, counts]) => ({ who, counts }));
  const ends = [...new Set(rows.flatMap(({ counts }) => Object.keys(counts)))];
  return (
    <>
      <section className={`card padded ${styles.part}`} aria-label={t("models.tab.rollout")}>
        <p className="row">
          <span className="tag" data-tone={TONES[rollout.status]}>{t(`models.rollout.status.${rollout.status}`)}</span>
          <strong>{t("models.rollout.about", { alias: rollout.alias, stable: rollout.stable, candidate: rollout.candidate })}</strong>
          <span className="muted small"><Ago time={rollout.ended_at ?? rollout.started_at} /></span>
        </p>
        <p className="muted">{t("models.rollout.gets", { share: percent(rollout.percent / 100), shadow: percent(rollout.shadow_percent / 100) })}</p>
        <p className="muted small">{t("models.rollout.limits", { failures: percent(rollout.max_failure_ratio), differences: percent(rollout.max_difference_ratio), requests: number(rollout.min_requests) })}</p>
        {rollout.reason && <pre tabIndex={0}>{JSON.stringify(rollout.reason, null, 2)}</pre>}
      </section>
      {rows.length > 0 && (
        <section className="card" aria-label={t("models.rollout.counts")}>
          <Table
            label={t("models.rollout.counts")} rows={rows} keyOf={({ who }) => who}
            columns={[{ id: "who", title: t("models.rollout.who"), cell: ({ who }) => t(`models.rollout.who.${who}`) }, ...ends.map((end) => ({ id: end, title: end, cell: ({ counts }: (typeof rows)[number]) => <span className="number">{number(counts[end] ?? 0)}</span> }))]}
          />
        </section>
      )}
    </>
  );
}
