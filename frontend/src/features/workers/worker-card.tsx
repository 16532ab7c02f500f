import { Link } from "@tanstack/react-router";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Progress } from "~/ui/progress";
import { DrainButton } from "./drain-button";
import { Loaded } from "./loaded";
import { WorkerFacts } from "./worker-facts";
import { WorkerGpus } from "./worker-gpus";
import type { Worker } from "./worker-queries";
import { stateOf, TONES } from "./worker-state";
import styles from "./workers.module.css";

/** A worker: whether it takes jobs, what it runs, and what it has. */
export function WorkerCard({ worker }: { worker: Worker }) {
  const t = useText();
  const state = stateOf(worker);
  return (
    <article className={`card padded ${styles.worker}`} aria-label={worker.name}>
      <div className="row">
        <h2 className="grow">{worker.name}</h2>
        <span className="tag" data-tone={TONES[state]} title={t(`workers.stateHelp.${state}`)}>
          {t(`workers.state.${state}`)}
        </span>
        <DrainButton name={worker.name} isDrained={worker.drained} />
      </div>
      {state !== "ready" && <p className="muted small">{t(`workers.stateHelp.${state}`)}</p>}
      <Slots worker={worker} />
      <WorkerGpus worker={worker} />
      <Loaded worker={worker} />
      <WorkerFacts worker={worker} />
      {worker.weaknesses.length > 0 && (
        <details>
          <summary>{t("workers.weaknesses", { count: worker.weaknesses.length })}</summary>
          <ul className="small">
            {worker.weaknesses.map((weakness) => (
              <li key={weakness}>{weakness}</li>
            ))}
          </ul>
        </details>
      )}
    </article>
  );
}

function Slots({ worker: { slots, slots_taken, running } }: { worker: Worker }) {
  const t = useText();
  const text = t("workers.slots", { busy: number(slots_taken), slots: number(slots) });
  return (
    <div className={styles.part}>
      <p>{text}</p>
      <Progress label={text} value={slots === 0 ? 0 : Math.min(1, slots_taken / slots)} />
      {running.length > 0 && (
        <p className={styles.tags} role="group" aria-label={t("workers.running")}>
          {running.map(([id, attempt]) => (
            <Link key={id} className="tag" to="/jobs/$jobId" params={{ jobId: String(id) }} title={t("workers.attempt", { attempt })}>
              {attempt > 1 ? `#${id} · ${attempt}` : `#${id}`}
            </Link>
          ))}
        </p>
      )}
    </div>
  );
}
