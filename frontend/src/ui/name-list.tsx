import { useId, useState, type KeyboardEvent } from "react";
import { useText } from "~/i18n/text";

interface NameListProps {
  label: string;
  names: string[];
  /** Names that are there, to choose among; others can be typed. */
  known: string[];
  onChange: (names: string[]) => void;
}

/** Some names, each of which can be taken away, and a field that adds one. */
export function NameList({ label, names, known, onChange }: NameListProps) {
  const t = useText();
  const listId = useId();
  const [typed, setTyped] = useState("");
  const add = (name: string) => {
    if (name !== "" && !names.includes(name)) onChange([...names, name]);
    setTyped("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add(typed.trim());
  };
  return (
    <div className="stack">
      <label>
        {label}
        <input
          type="text" list={listId} value={typed} placeholder={t("names.add")} onKeyDown={onKeyDown} onBlur={() => add(typed.trim())}
          onChange={(event) => (known.includes(event.target.value) ? add(event.target.value) : setTyped(event.target.value))}
        />
        <datalist id={listId}>
          {known.filter((name) => !names.includes(name)).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </datalist>
      </label>
      {names.length > 0 && (
        <div className="row">
          {names.map((name) => (
            <button key={name} type="button" className="quiet" aria-label={t("names.remove", { name })} onClick={() => onChange(names.filter((other) => other !== name))}>
              <span className="tag">{name} ✕</span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
