import type { Rolldown } from "vite";

/**
 * Returns groups of modules that come in one file each: all that a module needs at once, but for what is in the groups before. By
 * itself the bundler makes a file of each set of modules that some pages share: forty for the first page, and a browser asks
 * for six at a time.
 */
export function gatheredFiles(roots: Record<string, string>): Rolldown.CodeSplittingGroup[] {
  return Object.entries(roots).map(([name, root], place, { length }) => {
    let needed: Set<string> | undefined;
    const nameOf: Rolldown.CodeSplittingNameFunction = (id, modules) => {
      needed ??= neededBy(root, modules);
      return needed.has(id) ? name : null;
    };
    return { name: nameOf, debugName: name, priority: length - place };
  });
}

function neededBy(root: string, modules: Rolldown.ChunkingContext): Set<string> {
  const found = new Set([root]);
  for (const id of found) for (const each of modules.getModuleInfo(id)?.importedIds ?? []) found.add(each);
  return found;
}
