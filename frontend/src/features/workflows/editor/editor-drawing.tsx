import { useText } from "~/i18n/text";
import { Empty } from "~/ui/states";
import type { GraphNode } from "~/viewers/graph-view/drawing";
import { GraphView } from "~/viewers/graph-view/graph-view";
import type { Task } from "../workflow-queries";
import { edgesOf } from "./edits";
import styles from "./editor.module.css";
import type { Fault } from "./faults";
import type { Editor } from "./use-editor";

interface EditorDrawingProps {
  editor: Editor;
  faults: Fault[];
  selected: string | null;
  onSelect: (name: string) => void;
}

/** The draft as a graph, with the tasks marked that keep it from being deployed. */
export function EditorDrawing({ editor, faults, selected, onSelect }: EditorDrawingProps) {
  const t = useText();
  const tasks = editor.definition.tasks ?? [];
  const faulty = new Set(faults.map(({ task }) => task));
  const nodes = tasks.map(({ name, kind = "python", map_over }: Task): GraphNode => {
    const detail = `${t(`runs.kind.${kind}`)}${map_over ? " ×" : ""}`;
    return { name, status: "draft", detail, label: `${name}, ${detail}`, isFaulty: faulty.has(name) };
  });
  return (
    <div className={styles.canvas}>
      {nodes.length === 0 ? <Empty title={t("editor.noTasks")}>{t("editor.noTasksHelp")}</Empty> : <GraphView label={t("editor.graph")} nodes={nodes} edges={edgesOf(editor.definition)} selected={selected} onSelect={onSelect} />}
    </div>
  );
}
