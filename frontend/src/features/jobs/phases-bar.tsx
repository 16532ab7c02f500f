import { useState } from "react";
import type { Schemas } from "~/api/client";
import { duration } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import styles from "./job-page.module.css";

const PHASES = ["queued", "dispatched", "claimed", "prepared", "ran", "reported", "committed"] as const;

/** Where the time of a job went, phase after phase; the time in the queue is folded until asked for. */
export function PhasesBar({ timings, attempt }: { timings: Schemas["JobTimings"]; attempt: number }) {
  const t = useText();
  const [isQueueShown, setQueueShown] = useState(false);
  const nameOf = (phase: (typeof PHASES)[number]) => t(phase === "queued" && attempt > 1 ? "jobs.phase.queuedAndEarlier" : `jobs.phase.${phase}`);
  const phases = PHASES.filter((phase) => timings[phase] > 0);
  const start = timings.start && t(`jobs.start.${timings.start}`);
  return (
    <section className={styles.part}>
      <div className={styles.head}>
        <h2>{t("jobs.timings")}</h2>
        <span className="muted">{[t("jobs.inAll", { time: duration(timings.total) }), start].filter(Boolean).join(" · ")}</span>
        <span className="grow" />
        <button type="button" className="quiet" aria-pressed={isQueueShown} onClick={() => setQueueShown(!isQueueShown)}>
          {t("jobs.showQueue")}
        </button>
      </div>
      <div className={styles.bar} role="img" aria-label={t("jobs.inAll", { time: duration(timings.total) })}>
        {phases.filter((phase) => isQueueShown || phase !== "queued").map((phase) => (
          <span key={phase} data-phase={phase} title={`${nameOf(phase)} ${duration(timings[phase])}`} style={{ flexGrow: timings[phase] }} />
        ))}
      </div>
      <ul className={styles.legend}>
        {phases.map((phase) => (
          <li key={phase} data-phase={phase}>
            {nameOf(phase)} <b>{duration(timings[phase])}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}
