import { useMemo } from "react";
import { useText } from "~/i18n/text";
import { hunksOf } from "./hunks";
import styles from "./text-diff.module.css";

const SIGNS = { added: "+", removed: "−", same: " " } as const;

/** What is different in two texts, line by line, with some lines around it. */
export function TextDiff({ label, before, after }: { label: string; before: string; after: string }) {
  const t = useText();
  const hunks = useMemo(() => hunksOf(before, after), [before, after]);
  if (hunks.length === 0) return <p className="muted">{t("diff.none")}</p>;
  return (
    <div className={styles.diff} role="group" aria-label={label} tabIndex={0}>
      {hunks.map((lines, index) => (
        <div key={index} className={styles.hunk}>
          {lines.map(({ kind, text }, line) => (
            <div key={line} className={styles.line} data-kind={kind}>
              <span className={styles.sign}>{SIGNS[kind]}</span>
              {text}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
