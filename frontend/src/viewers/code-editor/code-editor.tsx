import { useEffect, useEffectEvent, useRef } from "react";
import { CodeView, type EditorFault, type Language } from "./code-view";
import type { Suggest } from "./suggestions";
import styles from "./code-editor.module.css";

const NONE: readonly EditorFault[] = [];

interface CodeEditorProps {
  label: string;
  language: Language;
  value: string;
  onChange: (value: string) => void;
  /** What is wrong, at its lines. */
  faults?: readonly EditorFault[];
  /** What can be typed next. */
  suggest?: Suggest;
  isReadOnly?: boolean;
}

/** Text with colours, faults at their lines and completion. Escape, then Tab leaves it. */
export function CodeEditor(props: CodeEditorProps) {
  // What an editor is made with stays; another of it makes another editor.
  return <Editor key={`${props.language} ${props.isReadOnly ?? false} ${props.label}`} {...props} />;
}

function Editor({ label, language, value, onChange, faults = NONE, suggest, isReadOnly = false }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<CodeView | null>(null);
  const changed = useEffectEvent(onChange);
  const suggested = useEffectEvent((before: string) => suggest?.(before) ?? null);
  const made = useEffectEvent((element: HTMLElement) => new CodeView(element, { label, language, value, isReadOnly, onChange: (text) => changed(text), suggest: (before) => suggested(before) }));

  useEffect(() => {
    if (host.current === null) return;
    const editor = made(host.current);
    view.current = editor;
    return () => editor.destroy();
  }, []);
  const faultsText = JSON.stringify(faults);
  useEffect(() => {
    view.current?.setValue(value);
    view.current?.setFaults(JSON.parse(faultsText) as EditorFault[]);
  }, [value, faultsText]);
  return <div ref={host} className={styles.host} data-editor={language} />;
}
