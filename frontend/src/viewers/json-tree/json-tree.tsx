import { useState } from "react";
import { useText } from "~/i18n/text";
import styles from "./json-tree.module.css";

/** Of so many members of a value the first are shown until more are asked for. */
const SHOWN_AT_ONCE = 100;
const OPEN_DEPTH = 2;

/** A JSON value that unfolds. */
export function JsonTree({ value, label }: { value: unknown; label: string }) {
  return (
    <div className={styles.tree} role="group" aria-label={label} tabIndex={0}>
      <Node name={null} value={value} depth={0} />
    </div>
  );
}

interface NodeProps {
  name: string | null;
  value: unknown;
  depth: number;
}

function Node({ name, value, depth }: NodeProps) {
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH);
  const members = membersOf(value);
  if (members === null || members.length === 0) {
    return (
      <div className={styles.leaf}>
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span className="muted">{Array.isArray(value) ? `[${members.length}]` : `{${members.length}}`}</span>
      </summary>
      {isOpen && <Members members={members} depth={depth + 1} />}
    </details>
  );
}

function Members({ members, depth }: { members: [string, unknown][]; depth: number }) {
  const t = useText();
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  return (
    <div className={styles.members}>
      {members.slice(0, shown).map(([name, value]) => (
        <Node key={name} name={name} value={value} depth={depth} />
      ))}
      {members.length > shown && (
        <button type="button" className="quiet" onClick={() => setShown(shown + 10 * SHOWN_AT_ONCE)}>
          {t("action.more")} ({members.length - shown})
        </button>
      )}
    </div>
  );
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : <span className={styles.name}>{name}: </span>;
}

function Leaf({ value }: { value: unknown }) {
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return <span data-kind={kind}>{JSON.stringify(value)}</span>;
}

function membersOf(value: unknown): [string, unknown][] | null {
  return typeof value === "object" && value !== null ? Object.entries(value) : null;
}
