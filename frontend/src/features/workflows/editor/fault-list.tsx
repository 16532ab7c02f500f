import { problemText, Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { faultOf, type Fault } from "./faults";
import styles from "./editor.module.css";

interface FaultListProps {
  error: unknown;
  /** Leads to the task of a fault, where the page has it. */
  onOpen?: (fault: Fault) => void;
}

/** All that is wrong with a draft, each by its task, field and line. */
export function FaultList({ error, onOpen }: FaultListProps) {
  const t = useText();
  const faults = error instanceof Refused ? error.violations.map(faultOf) : [];
  if (faults.length === 0) return <p className="note bad" role="alert">{problemText(error)}</p>;
  return (
    <div className="note bad" role="alert">
      <strong>{t("editor.faults", { count: faults.length })}</strong>
      <ul className={styles.faults}>
        {faults.map((fault, index) => (
          <li key={index}>
            <Place fault={fault} onOpen={onOpen} /> {fault.message}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Place({ fault, onOpen }: { fault: Fault; onOpen?: (fault: Fault) => void }) {
  const t = useText();
  const line = fault.line === null ? "" : ` ${t("editor.line", { line: fault.line })}`;
  const text = `${[fault.task, fault.field].filter(Boolean).join(" · ")}${line}`;
  if (fault.task === null || onOpen === undefined) return <code>{text}</code>;
  return (
    <button type="button" className={styles.faultLink} onClick={() => onOpen(fault)}>
      {text}
    </button>
  );
}
