import { createContext, use, useEffect, useEffectEvent, useMemo, useState, type ReactNode } from "react";

/** Something that the command palette offers. */
export interface Command {
  id: string;
  label: string;
  /** The key that does the same, where there is one. */
  shortcut?: string;
  run: () => void;
}

interface Registry {
  commands: Command[];
  register: (owner: symbol, commands: Command[] | null) => void;
}

const RegistryContext = createContext<Registry>({ commands: [], register: () => {} });

/** Keeps the commands of all that is on the page. */
export function CommandProvider({ children }: { children: ReactNode }) {
  const [owned, setOwned] = useState(new Map<symbol, Command[]>());
  const [register] = useState<Registry["register"]>(
    () => (owner: symbol, commands: Command[] | null) => setOwned((known) => changed(known, owner, commands)),
  );
  const registry = useMemo<Registry>(() => ({ commands: [...owned.values()].flat(), register }), [owned, register]);
  return <RegistryContext value={registry}>{children}</RegistryContext>;
}

/** Offers commands in the palette, and by their keys, while the component is on the page. */
export function useCommands(commands: Command[]): void {
  const { register } = use(RegistryContext);
  const [owner] = useState(() => Symbol("owner of commands"));
  const run = useEffectEvent((id: string) => commands.find((command) => command.id === id)?.run());
  // Functions are new each time, and what is offered is not.
  const offered = JSON.stringify(commands.map(({ id, label, shortcut }) => ({ id, label, shortcut })));
  useEffect(() => {
    const shown = JSON.parse(offered) as Omit<Command, "run">[];
    register(owner, shown.map((command) => ({ ...command, run: () => run(command.id) })));
    return () => register(owner, null);
  }, [owner, offered, register]);
}

/** Returns all commands that are offered now. */
export function useOfferedCommands(): Command[] {
  return use(RegistryContext).commands;
}

/** Returns the commands whose words all begin somewhere in the label, the best first. */
export function matching(commands: Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const isFit = ({ label }: Command) => words.every((word) => label.toLowerCase().includes(word));
  const begins = ({ label }: Command) => Number(!label.toLowerCase().startsWith(words[0] ?? ""));
  return commands.filter(isFit).toSorted((one, other) => begins(one) - begins(other));
}

function changed(known: Map<symbol, Command[]>, owner: symbol, commands: Command[] | null): Map<symbol, Command[]> {
  const next = new Map(known);
  if (commands === null) next.delete(owner);
  else next.set(owner, commands);
  return next;
}
