import { useState } from "react";
import { useText } from "~/i18n/text";
import type { Task } from "../workflow-queries";
import styles from "./editor.module.css";

interface FieldsProps {
  task: Task;
  onChange: (fields: Partial<Task>) => void;
}

type TextName = "plugin_name" | "plugin_version" | "workflow" | "when" | "map_over" | "environment";
type NumberName = "wait_s" | "expires_s" | "retry_count" | "retry_delay" | "timeout_s" | "max_parallel";
type JsonName = "input" | "form" | "params";

const JOINS = ["default", "all_success", "all_done", "one_failed", "always"] as const;

const OF_KIND: Record<NonNullable<Task["kind"]>, { texts: TextName[]; numbers: NumberName[]; json: JsonName[] }> = {
  python: { texts: ["environment"], numbers: ["timeout_s"], json: ["params"] },
  plugin: { texts: ["plugin_name", "plugin_version"], numbers: ["timeout_s"], json: ["input"] },
  approval: { texts: [], numbers: ["expires_s"], json: ["form"] },
  wait: { texts: [], numbers: ["wait_s"], json: [] },
  workflow: { texts: ["workflow"], numbers: [], json: ["input"] },
};
const OF_ALL: { texts: TextName[]; numbers: NumberName[] } = { texts: ["when", "map_over"], numbers: ["retry_count", "retry_delay", "max_parallel"] };

/** The fields of a task beside its name, its code and what it waits for; an empty one is as if nobody had said it. */
export function TaskFields({ task, onChange }: FieldsProps) {
  const t = useText();
  const fields = OF_KIND[task.kind ?? "python"];
  return (
    <>
      <div className={styles.fields}>
        {fields.texts.map((name) => <TextField key={name} name={name} task={task} onChange={onChange} />)}
        {fields.numbers.map((name) => <NumberField key={name} name={name} task={task} onChange={onChange} />)}
      </div>
      {fields.json.map((name) => <JsonField key={name} name={name} task={task} onChange={onChange} />)}
      <details>
        <summary>{t("editor.more")}</summary>
        <div className={styles.fields}>
          <label>
            {t("editor.field.join")}
            <select value={task.join ?? "default"} onChange={(event) => onChange({ join: event.target.value === "default" ? undefined : (event.target.value as Task["join"]) })}>
              {JOINS.map((join) => (
                <option key={join} value={join}>
                  {t(`editor.join.${join}`)}
                </option>
              ))}
            </select>
          </label>
          {OF_ALL.texts.map((name) => <TextField key={name} name={name} task={task} onChange={onChange} />)}
          {OF_ALL.numbers.map((name) => <NumberField key={name} name={name} task={task} onChange={onChange} />)}
        </div>
      </details>
    </>
  );
}

function TextField({ name, task, onChange }: FieldsProps & { name: TextName }) {
  const t = useText();
  return (
    <label>
      {t(`editor.field.${name}`)}
      <input type="text" value={task[name] ?? ""} onChange={(event) => onChange({ [name]: event.target.value === "" ? undefined : event.target.value })} />
    </label>
  );
}

function NumberField({ name, task, onChange }: FieldsProps & { name: NumberName }) {
  const t = useText();
  const change = (value: number) => onChange({ [name]: Number.isNaN(value) ? undefined : value });
  return (
    <label>
      {t(`editor.field.${name}`)}
      <input type="number" min={0} value={task[name] ?? ""} onChange={(event) => change(event.target.valueAsNumber)} />
    </label>
  );
}

function JsonField({ name, task, onChange }: FieldsProps & { name: JsonName }) {
  const t = useText();
  const known = task[name] === undefined || task[name] === null ? "" : JSON.stringify(task[name], null, 2);
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? known;
  const value = parsed(text);
  const change = (next: string) => {
    setTyped(next);
    const found = parsed(next);
    if (found !== undefined) onChange({ [name]: found.value });
  };
  return (
    <label>
      {t(`editor.field.${name}`)}
      <textarea rows={Math.min(10, Math.max(3, text.split("\n").length))} spellCheck={false} aria-invalid={value === undefined} value={text} onChange={(event) => change(event.target.value)} onBlur={() => value !== undefined && setTyped(null)} />
      {value === undefined && <span className="error-text small">{t("editor.noJson")}</span>}
    </label>
  );
}

function parsed(text: string): { value: Task["input"] } | undefined {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) as Task["input"] };
  } catch {
    return undefined;
  }
}
