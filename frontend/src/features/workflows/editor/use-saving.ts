import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useToasts } from "~/ui/toasts";
import { workflowKeys, type Definition } from "../workflow-queries";
import { definitionQuery, saveDefinition, type Revision } from "./definition-query";
import type { Editor } from "./use-editor";

const CHANGED_BY_OTHERS = 412;

/** Saves a draft, unless somebody else has saved another one meanwhile: that one is `conflict` then. */
export function useSaving(id: number, editor: Editor) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const [conflict, setConflict] = useState<Revision | null>(null);
  const saving = useMutation({
    mutationFn: ({ definition, etag }: { definition: Definition; etag: string }) => saveDefinition(id, { definition, etag }),
    onSuccess: async (saved, { definition }) => {
      setConflict(null);
      editor.settle(saved, definition);
      tell(t("editor.saved"));
      queries.setQueryData(definitionQuery(id).queryKey, saved);
      await queries.invalidateQueries({ queryKey: workflowKeys.one(id), exact: true });
    },
    onError: async (error) => {
      if (!(error instanceof Refused && error.status === CHANGED_BY_OTHERS)) return tellError(error);
      setConflict(await queries.fetchQuery({ ...definitionQuery(id), staleTime: 0 }));
    },
  });
  const save = () => saving.mutateAsync({ definition: editor.definition, etag: editor.saved.etag }).then(() => true, () => false);
  const keepMine = () => conflict && saving.mutate({ definition: editor.definition, etag: conflict.etag });
  const takeTheirs = () => {
    if (conflict === null) return;
    editor.take(conflict);
    setConflict(null);
  };
  const goOn = () => setConflict(null);
  return { save, keepMine, takeTheirs, goOn, conflict, isSaving: saving.isPending };
}
