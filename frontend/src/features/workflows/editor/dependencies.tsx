import { useText } from "~/i18n/text";
import { useToasts } from "~/ui/toasts";
import { connected, unconnected } from "./edits";
import styles from "./editor.module.css";
import type { TaskFormProps } from "./task-form";

/** What a task waits for: connect another one, or let one go. */
export function Dependencies({ editor, task }: Pick<TaskFormProps, "editor" | "task">) {
  const t = useText();
  const { tell } = useToasts();
  const before = task.dependencies ?? [];
  const others = (editor.definition.tasks ?? []).map(({ name }) => name).filter((name) => name !== task.name && !before.includes(name));
  const connect = (from: string) => {
    if (from === "") return;
    const next = connected(editor.definition, from, task.name);
    if (next === null) tell(t("editor.circle", { from, to: task.name }));
    else editor.change(next);
  };
  return (
    <div className={styles.waits}>
      <span className={styles.waitsLabel}>{t("editor.waitsFor")}</span>
      {before.map((name) => (
        <button key={name} type="button" className="tag" aria-label={t("editor.disconnect", { name })} onClick={() => editor.change(unconnected(editor.definition, name, task.name))}>
          {name} ✕
        </button>
      ))}
      <select aria-label={t("editor.connect")} value="" onChange={(event) => connect(event.target.value)}>
        <option value="">{t("editor.connect")}</option>
        {others.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
