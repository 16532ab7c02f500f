import { useState } from "react";
import { useText } from "~/i18n/text";
import { withTask } from "./edits";
import styles from "./editor.module.css";
import type { Editor } from "./use-editor";

const KINDS = ["python", "plugin", "approval", "wait", "workflow"] as const;

interface EditorToolsProps {
  editor: Editor;
  selected: string | null;
  onSelect: (name: string) => void;
}

/** What changes the graph as a whole: another task, and what was done before. */
export function EditorTools({ editor, selected, onSelect }: EditorToolsProps) {
  const t = useText();
  const [kind, setKind] = useState<(typeof KINDS)[number]>("python");
  const add = () => {
    const { definition, name } = withTask(editor.definition, kind, selected);
    editor.change(definition);
    onSelect(name);
  };
  return (
    <div className={styles.tools}>
      <select aria-label={t("editor.kind")} value={kind} onChange={(event) => setKind(event.target.value as typeof kind)}>
        {KINDS.map((each) => (
          <option key={each} value={each}>
            {t(`runs.kind.${each}`)}
          </option>
        ))}
      </select>
      <button type="button" disabled={editor.fault !== null} onClick={add}>
        {t("editor.add")}
      </button>
      <span className="grow" />
      <button type="button" disabled={!editor.mayUndo} onClick={editor.undo}>
        {t("editor.undo")}
      </button>
      <button type="button" disabled={!editor.mayRedo} onClick={editor.redo}>
        {t("editor.redo")}
      </button>
    </div>
  );
}
