import { useText } from "~/i18n/text";
import { Empty } from "~/ui/states";
import { CodeEditor } from "~/viewers/code-editor/code-editor";
import styles from "./editor.module.css";
import type { Fault } from "./faults";
import { TaskForm } from "./task-form";
import type { Editor } from "./use-editor";

interface EditorSideProps {
  editor: Editor;
  side: "task" | "text";
  selected: string | null;
  faults: Fault[];
  isReadOnly: boolean;
  onSelect: (name: string) => void;
}

/** What is beside the graph: the selected task as a form, or the whole draft as text. */
export function EditorSide({ editor, side, selected, faults, isReadOnly, onSelect }: EditorSideProps) {
  const t = useText();
  if (side === "text") return <Text editor={editor} isReadOnly={isReadOnly} />;
  const task = editor.definition.tasks?.find(({ name }) => name === selected);
  if (task === undefined) return <Empty title={t("editor.noTask")} />;
  return <TaskForm key={selected} editor={editor} task={task} faults={faults.filter((fault) => fault.task === selected)} isReadOnly={isReadOnly || editor.fault !== null} onSelect={onSelect} />;
}

function Text({ editor, isReadOnly }: Pick<EditorSideProps, "editor" | "isReadOnly">) {
  const t = useText();
  const fault = editor.fault && { line: editor.fault.line, message: t(`editor.fault.${editor.fault.reason}`, editor.fault.values) };
  return (
    <>
      {fault && (
        <p className="error-text small" role="alert">
          {t("editor.line", { line: fault.line })} {fault.message}
        </p>
      )}
      <div className={styles.text}>
        <CodeEditor label={t("editor.text")} language="yaml" value={editor.text} onChange={editor.type} faults={fault ? [fault] : []} isReadOnly={isReadOnly} />
      </div>
    </>
  );
}
