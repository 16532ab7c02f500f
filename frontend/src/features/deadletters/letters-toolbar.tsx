import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import styles from "./dead-letters.module.css";
import { isNarrowed, KINDS, type Kind, type LetterFilter } from "./letter-filter";
import { lettersQuery, pluginNamesQuery } from "./letter-queries";
import { ReplayDialog } from "./replay-dialog";

/** The most that the API counts. */
const COUNTED_MAX = 1_000;

/** What narrows the dead letters, and what runs all of those again. */
export function LettersToolbar({ filter, onNarrow }: { filter: LetterFilter; onNarrow: (change: Partial<LetterFilter>) => void }) {
  const t = useText();
  const names = useQuery(pluginNamesQuery).data ?? [];
  const plugins = filter.plugin === undefined || names.includes(filter.plugin) ? names : [filter.plugin, ...names];
  return (
    <div className={styles.toolbar}>
      <label>
        {t("deadletters.plugin")}
        <select value={filter.plugin ?? ""} onChange={(event) => onNarrow({ plugin: event.target.value || undefined, cause: undefined })}>
          <option value="">{t("deadletters.anyPlugin")}</option>
          {plugins.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        {t("deadletters.kind")}
        <select value={filter.kind ?? ""} onChange={(event) => onNarrow({ kind: (event.target.value || undefined) as Kind | undefined, cause: undefined })}>
          <option value="">{t("deadletters.anyKind")}</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`deadletters.kind.${kind}`)}
            </option>
          ))}
        </select>
      </label>
      <span className="grow" />
      <ReplayMatching filter={filter} />
    </div>
  );
}

function ReplayMatching({ filter }: { filter: LetterFilter }) {
  const t = useText();
  const mayChange = useMayChange();
  const [isAsked, setAsked] = useState(false);
  const total = useInfiniteQuery(lettersQuery(filter)).data?.pages[0]?.total ?? 0;
  const canReplay = mayChange && total > 0;
  const label = t(isNarrowed(filter) ? "deadletters.replayMatching" : "deadletters.replayAll");
  useCommands(canReplay ? [{ id: "deadletters.replay", label, run: () => setAsked(true) }] : []);
  return (
    <>
      {total > 0 && <span className="muted small">{t("deadletters.count", { count: total, shown: number(total), isMore: String(total >= COUNTED_MAX) })}</span>}
      {canReplay && (
        <button type="button" onClick={() => setAsked(true)}>
          {label}
        </button>
      )}
      {isAsked && <ReplayDialog title={label} filter={filter} count={total} onClose={() => setAsked(false)} />}
    </>
  );
}
