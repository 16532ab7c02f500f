import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Segments } from "~/ui/segments";
import { Failure, Loading } from "~/ui/states";
import DeployDialog from "../deploy-dialog";
import { editorRoute } from "../feature";
import { workflowQuery, type Workflow } from "../workflow-queries";
import { ConflictDialog } from "./conflict-dialog";
import { definitionQuery, type Revision } from "./definition-query";
import { EditorDrawing } from "./editor-drawing";
import { EditorSide } from "./editor-side";
import { EditorTools } from "./editor-tools";
import styles from "./editor.module.css";
import { FaultList } from "./fault-list";
import { faultOf } from "./faults";
import { useEditor } from "./use-editor";
import { usePlace } from "./use-place";
import { useSaving } from "./use-saving";
import { useShortcuts } from "./use-shortcuts";

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
  // While the text is no definition, the one of before would be saved.
  const mayAct = mayChange && editor.fault === null && !saving.isSaving;

  const save = () => void (mayAct && saving.save());
  const deploy = async () => {
    if (!mayAct) return;
    setRefusal(null);
    if (!editor.isChanged || (await saving.save())) setDeploying(true);
  };
  useCommands(
    mayChange
      ? [
          { id: "editor.save", label: t("workflows.save"), run: save },
          { id: "editor.deploy", label: t("workflows.deploy"), run: () => void deploy() },
          { id: "editor.undo", label: t("editor.undo"), run: editor.undo },
          { id: "editor.redo", label: t("editor.redo"), run: editor.redo },
        ]
      : [],
  );
  useShortcuts({ save, undo: editor.undo, redo: editor.redo });
  useBlocker({ shouldBlockFn: ({ current, next }) => editor.isChanged && current.pathname !== next.pathname && !confirm(t("editor.leave")), enableBeforeUnload: () => editor.isChanged });

  return (
    <Page
      title={workflow.name} about={t(editor.isChanged ? "editor.unsaved" : "editor.allSaved")}
      actions={
        mayChange && (
          <>
            <button type="button" disabled={!mayAct || !editor.isChanged} onClick={save}>
              {t("workflows.save")}
            </button>
            <button type="button" className="primary" disabled={!mayAct} onClick={() => void deploy()}>
              {t("workflows.deploy")}
            </button>
          </>
        )
      }
    >
      {refusal && <FaultList error={refusal} onOpen={({ task }) => task && select(task)} />}
      <div className={styles.split}>
        <section className={`card ${styles.graph}`} aria-label={t("editor.graph")}>
          {mayChange && <EditorTools editor={editor} selected={selected} onSelect={select} />}
          <EditorDrawing editor={editor} faults={faults} selected={selected} onSelect={select} />
        </section>
        <section className={`card ${styles.side}`} aria-label={t(side === "text" ? "editor.text" : "editor.task")}>
          <Segments label={t("editor.sides")} choices={[{ value: "task", text: t("editor.task") }, { value: "text", text: t("editor.text") }]} chosen={side} onChoose={setSide} />
          <EditorSide editor={editor} side={side} selected={selected} faults={faults} onSelect={select} isReadOnly={!mayChange} />
        </section>
      </div>
      {isDeploying && <DeployDialog workflow={workflow} onClose={() => setDeploying(false)} onRefused={(error) => { setRefusal(error); setDeploying(false); }} />}
      <ConflictDialog saving={saving} text={editor.text} />
    </Page>
  );
}
