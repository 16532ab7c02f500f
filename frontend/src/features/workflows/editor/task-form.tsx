import { useMemo, useState } from "react";
import { useText } from "~/i18n/text";
import { CodeEditor } from "~/viewers/code-editor/code-editor";
import { suggestionsFor } from "~/viewers/code-editor/python-context";
import { useToasts } from "~/ui/toasts";
import { Dependencies } from "./dependencies";
import { ancestorsOf, isName, renamed, withFields, withoutTask } from "./edits";
import styles from "./editor.module.css";
import type { Fault } from "./faults";
import { TaskFields } from "./task-fields";
import type { Task } from "../workflow-queries";
import type { Editor } from "./use-editor";

export interface TaskFormProps {
  editor: Editor;
  task: Task;
  faults: Fault[];
  isReadOnly: boolean;
  onSelect: (name: string) => void;
}

/** A task: its name, what it waits for, what it runs. */
export function TaskForm(props: TaskFormProps) {
  const t = useText();
  const { editor, task, faults, isReadOnly, onSelect } = props;
  const remove = () => {
    const next = (task.dependencies ?? [])[0] ?? editor.definition.tasks?.find(({ name }) => name !== task.name)?.name;
    editor.change(withoutTask(editor.definition, task.name));
    if (next !== undefined) onSelect(next);
  };
  const isPython = (task.kind ?? "python") === "python";
  return (
    <fieldset className={styles.form} disabled={isReadOnly}>
      {faults.map((fault, index) => (
        <p key={index} className="error-text small" role="alert">
          {fault.field} {fault.line !== null && t("editor.line", { line: fault.line })} {fault.message}
        </p>
      ))}
      <div className={styles.nameRow}>
        <Name editor={editor} task={task} onSelect={onSelect} />
        <button type="button" className="danger" onClick={remove}>
          {t("editor.delete")}
        </button>
      </div>
      <Dependencies editor={editor} task={task} />
      {isPython && <Code editor={editor} task={task} faults={faults} isReadOnly={isReadOnly} />}
      <TaskFields task={task} onChange={(fields) => editor.change(withFields(editor.definition, task.name, fields), `${task.name} ${Object.keys(fields).join(" ")}`)} />
    </fieldset>
  );
}

function Name({ editor, task, onSelect }: Pick<TaskFormProps, "editor" | "task" | "onSelect">) {
  const t = useText();
  const { tell } = useToasts();
  const [name, setName] = useState(task.name);
  const isTaken = name !== task.name && (editor.definition.tasks ?? []).some((each) => each.name === name);
  const isFit = isName(name) && !isTaken;
  const rename = () => {
    if (name === task.name) return;
    if (!isFit) {
      tell(t(isTaken ? "editor.nameTaken" : "editor.nameUnfit"));
      setName(task.name);
      return;
    }
    editor.change(renamed(editor.definition, task.name, name));
    onSelect(name);
  };
  return (
    <label className="grow">
      {t("editor.name")}
      <input type="text" className="mono" value={name} aria-invalid={!isFit} onChange={(event) => setName(event.target.value)} onBlur={rename} onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()} />
    </label>
  );
}

function Code({ editor, task, faults, isReadOnly }: Pick<TaskFormProps, "editor" | "task" | "faults" | "isReadOnly">) {
  const t = useText();
  const params = JSON.stringify(Object.keys({ ...editor.definition.params, ...task.params }));
  const before = JSON.stringify([...ancestorsOf(editor.definition, task.name)]);
  const suggest = useMemo(() => suggestionsFor(JSON.parse(before) as string[], JSON.parse(params) as string[]), [before, params]);
  const ofCode = faults.filter(({ field }) => field === "python_callable").map(({ line, message }) => ({ line: line ?? 1, message }));
  return (
    <div className={styles.code}>
      <CodeEditor
        label={t("editor.code", { name: task.name })} language="python" value={task.python_callable ?? ""} faults={ofCode} suggest={suggest} isReadOnly={isReadOnly}
        onChange={(code) => editor.change(withFields(editor.definition, task.name, { python_callable: code }), `${task.name} python_callable`)}
      />
      <p className="muted small">{t("editor.leaveCode")}</p>
    </div>
  );
}
