import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useId, useRef, useState, type KeyboardEvent } from "react";
import { useText } from "~/i18n/text";
import { useUser } from "~/session/session";
import { matching, useCommands, useOfferedCommands, type Command } from "~/ui/commands";
import styles from "./command-palette.module.css";
import { entriesOf, GROUPS } from "./features";

/** The button, and behind Ctrl+K the search, over all that can be done from here. */
export function CommandPalette() {
  const t = useText();
  const [isOpen, setOpen] = useState(false);
  const commands = useOfferedCommands();
  useNavigationCommands();
  useShortcuts(commands, () => setOpen(true));
  return (
    <>
      <button type="button" className={styles.opener} onClick={() => setOpen(true)}>
        {t("palette.open")} <kbd>Ctrl K</kbd>
      </button>
      {isOpen && <Palette commands={commands} onClose={() => setOpen(false)} />}
    </>
  );
}

function Palette({ commands, onClose }: { commands: Command[]; onClose: () => void }) {
  const t = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  const listId = useId();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const found = useFound(commands, typed);
  useEffect(() => dialog.current?.showModal(), []);
  const choose = (command: Command | undefined) => {
    if (command === undefined) return;
    dialog.current?.close();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setActive((active + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") choose(found[active]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} className={styles.palette} aria-label={t("palette.title")} onClose={onClose}>
      <input
        type="text" role="combobox" aria-expanded="true" aria-controls={listId} aria-activedescendant={`${listId}-${active}`}
        aria-label={t("palette.title")} placeholder={t("palette.placeholder")} value={typed} onKeyDown={onKeyDown}
        onChange={(event) => { setTyped(event.target.value); setActive(0); }}
      />
      <ul id={listId} role="listbox" aria-label={t("palette.title")} className={styles.list}>
        {found.map((command, index) => (
          <li key={command.id} id={`${listId}-${index}`} role="option" aria-selected={index === active} onPointerMove={() => setActive(index)} onClick={() => choose(command)}>
            <span className="grow">{command.label}</span>
            {command.shortcut && <kbd>{command.shortcut}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="muted">{t("palette.nothing")}</p>}
    </dialog>
  );
}

const SHOWN = 12;

/** A number alone is that of a job, or of a run. */
function useFound(commands: Command[], typed: string): Command[] {
  const t = useText();
  const navigate = useNavigate();
  const id = /^#?(\d+)$/.exec(typed.trim())?.[1];
  const found = matching(commands, typed).slice(0, SHOWN);
  if (id === undefined) return found;
  return [{ id: "job", label: t("palette.job", { id }), run: () => void navigate({ to: `/jobs/${id}` }) }, ...found];
}

function useNavigationCommands(): void {
  const t = useText();
  const user = useUser();
  const navigate = useNavigate();
  const entries = GROUPS.flatMap((group) => entriesOf(group, user));
  useCommands(
    entries.map(({ to, label }) => ({
      id: `go ${to}`,
      label: t("palette.go", { place: t(label) }),
      run: () => void navigate({ to }),
    })),
  );
}

function useShortcuts(commands: Command[], openPalette: () => void): void {
  const onKeyDown = useEffectEvent((event: globalThis.KeyboardEvent) => {
    if (document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
    } else if (!isTyping(event)) {
      const command = commands.find(({ shortcut }) => shortcut === event.key);
      if (command) event.preventDefault();
      command?.run();
    }
  });
  useEffect(() => {
    const listener = (event: globalThis.KeyboardEvent) => onKeyDown(event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}

function isTyping(event: globalThis.KeyboardEvent): boolean {
  const isField = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]") !== null;
  return isField || event.ctrlKey || event.metaKey || event.altKey;
}
