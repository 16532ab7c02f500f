import { useEffect, useEffectEvent } from "react";

/** Saves by Ctrl+S, and undoes and does again by Ctrl+Z and Ctrl+Y, wherever the focus is. */
export function useShortcuts({ save, undo, redo }: Record<"save" | "undo" | "redo", () => void>): void {
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
