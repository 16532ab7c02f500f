import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { looks } from "./looks";
import type { Suggest } from "./suggestions";
import { typingOverLines } from "./typing-over-lines";

export type Language = "python" | "yaml";

export interface EditorFault {
  /** Counted from 1. */
  line: number;
  message: string;
}

interface CodeViewOptions {
  label: string;
  language: Language;
  value: string;
  isReadOnly: boolean;
  onChange: (value: string) => void;
  suggest: Suggest;
}

/** An editor in a shadow root, where its styles need no exception of the content security policy. */
export class CodeView {
  private readonly view: EditorView;
  private isTold = false;

  constructor(host: HTMLElement, options: CodeViewOptions) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    root.replaceChildren();
    const changes = EditorView.updateListener.of((update) => {
      if (update.docChanged && !this.isTold) options.onChange(update.state.doc.toString());
    });
    const extensions = [...ways(options), changes];
    this.view = new EditorView({ root, parent: root, state: EditorState.create({ doc: options.value, extensions }) });
  }

  /** Shows another text; one that is there already keeps the cursor and what can be undone. */
  setValue(value: string): void {
    const { doc } = this.view.state;
    if (doc.toString() === value) return;
    this.isTold = true;
    this.view.dispatch({ changes: { from: 0, to: doc.length, insert: value } });
    this.isTold = false;
  }

  setFaults(faults: readonly EditorFault[]): void {
    const { doc } = this.view.state;
    const diagnostics = faults.map(({ line, message }): Diagnostic => {
      const { from, to } = doc.line(Math.min(Math.max(1, line), doc.lines));
      return { from, to, severity: "error", message };
    });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  destroy(): void {
    this.view.destroy();
  }
}

function ways({ label, language, isReadOnly, suggest }: CodeViewOptions): Extension[] {
  return [
    lineNumbers(), history(), lintGutter(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(),
    language === "python" ? [python(), indentUnit.of("    ")] : yaml(),
    autocompletion({ override: [(context) => completionsAt(context, suggest)] }),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
    typingOverLines, looks, EditorView.lineWrapping, EditorState.readOnly.of(isReadOnly),
    EditorView.contentAttributes.of({ "aria-label": label }),
  ];
}

function completionsAt(context: CompletionContext, suggest: Suggest): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const found = suggest(context.state.sliceDoc(line.from, context.pos));
  if (found === null || (found.typed === "" && !found.isCertain && !context.explicit)) return null;
  return { from: context.pos - found.typed.length, options: found.options.map((option) => ({ ...option })), validFor: /^[\w.-]*$/ };
}
