import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { editorRoute } from "../feature";
import type { Editor } from "./use-editor";

/** Returns which task is edited, and whether as a form or as text; the address says it. */
export function usePlace(id: number, editor: Editor) {
  const navigate = useNavigate();
  const { task, side = "task" } = editorRoute.useSearch();
  const tasks = editor.definition.tasks ?? [];
  const selected = tasks.some(({ name }) => name === task) ? (task ?? null) : (tasks[0]?.name ?? null);
  const go = useCallback((search: { task?: string; side?: "task" | "text" }) => void navigate({ to: "/workflows/$workflowId/edit", params: { workflowId: String(id) }, search: (before: object) => ({ ...before, ...search }), replace: true }), [navigate, id]);
  const select = useCallback((name: string) => go({ task: name }), [go]);
  return { selected, select, side, setSide: (next: "task" | "text") => go({ side: next }) };
}
