import { useCallback, useMemo, useState } from "react";
import { readDefinition, textOfDefinition, type TextFault } from "../document";
import type { Definition } from "../workflow-queries";
import type { Revision } from "./definition-query";
import { begun, edited, redone, rewritten, undone, type History } from "./history";

/** The draft as text and as what it means; while the text is none, what it meant before. */
interface Draft {
  text: string;
  definition: Definition;
  fault: TextFault | null;
}

/** A draft that is being edited, by its graph or by its text, which are one thing. */
export function useEditor(revision: Revision) {
  const [saved, setSaved] = useState(revision);
  const [history, setHistory] = useState<History<Draft>>(() => begun(draftOf(revision.definition)));
  const { text, definition, fault } = history.present;

  const change = useCallback((next: Definition, made = "") => setHistory((known) => edited(known, draftOf(next), made)), []);
  const type = useCallback((typed: string) => {
    setHistory((known) => {
      const read = readDefinition(typed);
      return edited(known, { text: typed, definition: read.definition ?? known.present.definition, fault: read.fault }, "text");
    });
  }, []);
  const undo = useCallback(() => setHistory(undone), []);
  const redo = useCallback(() => setHistory(redone), []);
  /** What is there now is what was saved, as the server writes it; what was typed meanwhile stays. */
  const settle = useCallback((next: Revision, sent: Definition) => {
    setSaved(next);
    setHistory((known) => (known.present.definition === sent ? rewritten(known, draftOf(next.definition)) : known));
  }, []);
  /** What others have saved is taken in the place of the draft. */
  const take = useCallback((theirs: Revision) => {
    setSaved(theirs);
    change(theirs.definition);
  }, [change]);

  const isChanged = useMemo(() => text !== textOfDefinition(saved.definition), [text, saved]);
  return { text, definition, fault, saved, isChanged, change, type, undo, redo, settle, take, mayUndo: history.past.length > 0, mayRedo: history.future.length > 0 };
}

export type Editor = ReturnType<typeof useEditor>;

function draftOf(definition: Definition): Draft {
  return { text: textOfDefinition(definition), definition, fault: null };
}
