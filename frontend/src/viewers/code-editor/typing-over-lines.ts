import { EditorView } from "@codemirror/view";

/**
 * Replaces a selection of several lines itself when something is typed over it. Left to the browser, it would join
 * the lines and keep their looks by inline styles, which the content security policy of the page forbids.
 */
export const typingOverLines = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to } = view.state.selection.main;
    const { doc, readOnly } = view.state;
    const text = event.data;
    const isOverLines = doc.lineAt(from).number !== doc.lineAt(to).number;
    if (event.inputType !== "insertText" || text === null || event.isComposing || readOnly || !isOverLines) return false;
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    // Others may know better, such as that a bracket is put around what is selected.
    const isTaken = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert));
    if (!isTaken) view.dispatch(insert());
    return true;
  },
});
