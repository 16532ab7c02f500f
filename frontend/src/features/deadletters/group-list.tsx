import { useState } from "react";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { Ago } from "~/ui/time";
import styles from "./dead-letters.module.css";
import type { Group } from "./letter-queries";
import { MoreButton, type Pages } from "./more-button";
import { ReplayDialog } from "./replay-dialog";

interface GroupListProps {
  groups: Group[];
  more: Pages;
  /** The fingerprint of the group whose jobs alone are seen. */
  chosen: string | undefined;
  onChoose: (group: Group | null) => void;
}

/** Failures by plugin and cause, the most frequent first. */
export function GroupList({ groups, more, chosen, onChoose }: GroupListProps) {
  const t = useText();
  return (
    <section className={styles.part} aria-label={t("deadletters.groups")}>
      <ul className={styles.groups}>
        {groups.map((group) => (
          <GroupCard key={`${group.plugin_name} ${group.fingerprint}`} group={group} isChosen={chosen !== undefined && chosen === group.fingerprint} onChoose={onChoose} />
        ))}
      </ul>
      <MoreButton pages={more} />
    </section>
  );
}

type CardProps = { group: Group; isChosen: boolean; onChoose: (group: Group | null) => void };

function GroupCard({ group, isChosen, onChoose }: CardProps) {
  const t = useText();
  const mayChange = useMayChange();
  const [isAsked, setAsked] = useState(false);
  const { fingerprint, plugin_name, jobs, example, first_at, last_at } = group;
  const replay = t("deadletters.replayGroup", { count: jobs });
  return (
    <li className={`card ${styles.group}`} data-chosen={isChosen || undefined}>
      <p className={styles.count}>
        <b>{number(jobs)}</b> <span className="muted small">{t("deadletters.jobs", { count: jobs })}</span>
      </p>
      <div className="grow">
        <p className="row">
          <strong>{plugin_name}</strong>
          {example && <span className="tag" data-tone="bad">{t(`deadletters.kind.${example.kind}`)}</span>}
        </p>
        <p className={styles.message}>{example?.message}</p>
        <p className="muted small">
          {t("deadletters.last")} <Ago time={last_at} />
          {jobs > 1 && <> · {t("deadletters.first")} <Ago time={first_at} /></>}
        </p>
      </div>
      {/* Failures without a fingerprint cannot be asked for as a group. */}
      {fingerprint !== null && (
        <div className="row">
          <button type="button" className="quiet" aria-pressed={isChosen} onClick={() => onChoose(isChosen ? null : group)}>
            {t(isChosen ? "deadletters.allJobs" : "deadletters.onlyThese")}
          </button>
          {mayChange && (
            <button type="button" onClick={() => setAsked(true)}>
              {replay}
            </button>
          )}
        </div>
      )}
      {isAsked && fingerprint !== null && <ReplayDialog title={replay} filter={{ plugin: plugin_name, cause: fingerprint }} count={jobs} onClose={() => setAsked(false)} />}
    </li>
  );
}
