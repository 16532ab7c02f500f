import { useQuery } from "@tanstack/react-query";
import { useBlocker, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useEffectEvent, useMemo, useState } from "react";
import type { Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Segments } from "~/ui/segments";
import { Empty, Failure, Loading } from "~/ui/states";
import { CodeEditor } from "~/viewers/code-editor/code-editor";
import type { GraphNode } from "~/viewers/graph-view/drawing";
import { GraphView } from "~/viewers/graph-view/graph-view";
import DeployDialog from "../deploy-dialog";
import { editorRoute } from "../feature";
import { workflowQuery, type Task, type Workflow } from "../workflow-queries";
import { ConflictDialog } from "./conflict-dialog";
import { definitionQuery, type Revision } from "./definition-query";
import { edgesOf, withTask } from "./edits";
import styles from "./editor.module.css";
import { FaultList } from "./fault-list";
import { faultOf, type Fault } from "./faults";
import { TaskForm } from "./task-form";
import { useEditor, type Editor } from "./use-editor";
import { useSaving } from "./use-saving";

const KINDS = ["python", "plugin", "approval", "wait", "workflow"] as const;

/** A workflow as a graph and as text side by side, which are one thing. */
export function EditorPage() {
  const id = Number(editorRoute.useParams().workflowId);
  const workflow = useQuery(workflowQuery(id));
  // Others may have saved since this was last here.
  const [opened] = useState(() => Date.now());
  const revision = useQuery({ ...definitionQuery(id), staleTime: 0, refetchOnMount: "always" });
  const isFresh = revision.dataUpdatedAt >= opened;
  if (workflow.data !== undefined && revision.data !== undefined && isFresh) return <Content workflow={workflow.data} revision={revision.data} />;
  const error = workflow.error ?? revision.error;
  return error ? <Failure error={error} onRetry={() => void Promise.all([workflow.refetch(), revision.refetch()])} /> : <Loading />;
}

function Content({ workflow, revision }: { workflow: Workflow; revision: Revision }) {
  const t = useText();
  const mayChange = useMayChange();
  const editor = useEditor(revision);
  const saving = useSaving(workflow.id, editor);
  const [isDeploying, setDeploying] = useState(false);
  const [refusal, setRefusal] = useState<Refused | null>(null);
  const { selected, select, side, setSide } = usePlace(workflow.id, editor);
  const faults = useMemo(() => refusal?.violations.map(faultOf) ?? [], [refusal]);
  const mayDeploy = editor.fault === null && !saving.isSaving;

  const deploy = async () => {
    setRefusal(null);
    if (!editor.isChanged || (await saving.save())) setDeploying(true);
  };
  useCommands(
    mayChange
      ? [
          { id: "editor.save", label: t("workflows.save"), run: () => void saving.save() },
          { id: "editor.deploy", label: t("workflows.deploy"), run: () => void deploy() },
          { id: "editor.undo", label: t("editor.undo"), run: editor.undo },
          { id: "editor.redo", label: t("editor.redo"), run: editor.redo },
        ]
      : [],
  );
  useKeys({ save: () => mayChange && editor.fault === null && void saving.save(), undo: editor.undo, redo: editor.redo });
  useBlocker({ shouldBlockFn: ({ current, next }) => editor.isChanged && current.pathname !== next.pathname && !confirm(t("editor.leave")), enableBeforeUnload: () => editor.isChanged });

  return (
    <Page
      title={workflow.name} about={t(editor.isChanged ? "editor.unsaved" : "editor.allSaved")}
      actions={
        mayChange && (
          <>
            <button type="button" disabled={!editor.isChanged || editor.fault !== null || saving.isSaving} onClick={() => void saving.save()}>
              {t("workflows.save")}
            </button>
            <button type="button" className="primary" disabled={!mayDeploy} onClick={() => void deploy()}>
              {t("workflows.deploy")}
            </button>
          </>
        )
      }
    >
      {refusal && <FaultList error={refusal} onOpen={({ task }) => task && select(task)} />}
      <div className={styles.split}>
        <section className={`card ${styles.graph}`} aria-label={t("editor.graph")}>
          {mayChange && <Tools editor={editor} selected={selected} onSelect={select} />}
          <Drawing editor={editor} faults={faults} selected={selected} onSelect={select} />
        </section>
        <section className={`card ${styles.side}`} aria-label={t(side === "text" ? "editor.text" : "editor.task")}>
          <Segments label={t("editor.sides")} choices={[{ value: "task", text: t("editor.task") }, { value: "text", text: t("editor.text") }]} chosen={side} onChoose={setSide} />
          <Side editor={editor} side={side} selected={selected} faults={faults} onSelect={select} isReadOnly={!mayChange} />
        </section>
      </div>
      {isDeploying && <DeployDialog workflow={workflow} onClose={() => setDeploying(false)} onRefused={(error) => { setRefusal(error); setDeploying(false); }} />}
      <ConflictDialog saving={saving} text={editor.text} />
    </Page>
  );
}

function usePlace(id: number, editor: Editor) {
  const navigate = useNavigate();
  const { task, side = "task" } = editorRoute.useSearch();
  const tasks = editor.definition.tasks ?? [];
  const selected = tasks.some(({ name }) => name === task) ? (task ?? null) : (tasks[0]?.name ?? null);
  const go = useCallback((search: { task?: string; side?: "task" | "text" }) => void navigate({ to: "/workflows/$workflowId/edit", params: { workflowId: String(id) }, search: (before: object) => ({ ...before, ...search }), replace: true }), [navigate, id]);
  const select = useCallback((name: string) => go({ task: name }), [go]);
  return { selected, select, side, setSide: (next: "task" | "text") => go({ side: next }) };
}

function useKeys({ save, undo, redo }: Record<"save" | "undo" | "redo", () => void>): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key === "s") {
      event.preventDefault();
      save();
    }
    // Fields and the text editor undo what was typed into them themselves.
    const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select, [data-editor]") !== null;
    if (isTyping || (key !== "z" && key !== "y")) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo();
    else undo();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => pressed(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

function Tools({ editor, selected, onSelect }: { editor: Editor; selected: string | null; onSelect: (name: string) => void }) {
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

function Drawing({ editor, faults, selected, onSelect }: { editor: Editor; faults: Fault[]; selected: string | null; onSelect: (name: string) => void }) {
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

interface SideProps {
  editor: Editor;
  side: "task" | "text";
  selected: string | null;
  faults: Fault[];
  isReadOnly: boolean;
  onSelect: (name: string) => void;
}

function Side({ editor, side, selected, faults, isReadOnly, onSelect }: SideProps) {
  const t = useText();
  if (side === "text") {
    return (
      <>
        {editor.fault && <p className="error-text small" role="alert">{`${t("editor.line", { line: editor.fault.line })} ${editor.fault.message}`}</p>}
        <div className={styles.text}>
          <CodeEditor label={t("editor.text")} language="yaml" value={editor.text} onChange={editor.type} faults={editor.fault ? [editor.fault] : []} isReadOnly={isReadOnly} />
        </div>
      </>
    );
  }
  const task = editor.definition.tasks?.find(({ name }) => name === selected);
  if (task === undefined) return <Empty title={t("editor.noTask")} />;
  return <TaskForm key={selected} editor={editor} task={task} faults={faults.filter((fault) => fault.task === selected)} isReadOnly={isReadOnly || editor.fault !== null} onSelect={onSelect} />;
}
