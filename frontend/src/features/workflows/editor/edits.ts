import type { Definition, Task } from "../workflow-queries";

/** Returns a definition with another task, after one that is there or after none; and the name that it has got. */
export function withTask(definition: Definition, kind: NonNullable<Task["kind"]>, after: string | null): { definition: Definition; name: string } {
  const tasks = definition.tasks ?? [];
  const name = freeName(kind, tasks);
  const task = { name, ...BEGUN[kind], ...(after === null ? {} : { dependencies: [after] }) } as Task;
  return { definition: { ...definition, tasks: [...tasks, task] }, name };
}

/** Returns a definition without a task; what waited for it no longer does. */
export function withoutTask(definition: Definition, name: string): Definition {
  const left = (definition.tasks ?? []).filter((task) => task.name !== name);
  return { ...definition, tasks: left.map((task) => disconnected(task, name)) };
}

/** Returns a definition in which a task waits for another one as well; null if that would be a circle. */
export function connected(definition: Definition, from: string, to: string): Definition | null {
  if (from === to || ancestorsOf(definition, from).has(to)) return null;
  return changed(definition, to, (task) => ({ ...task, dependencies: [...new Set([...(task.dependencies ?? []), from])] }));
}

/** Returns a definition in which a task no longer waits for another one. */
export function unconnected(definition: Definition, from: string, to: string): Definition {
  return changed(definition, to, (task) => disconnected(task, from));
}

/** Returns a definition in which a task has another name, also where others and their expressions name it. */
export function renamed(definition: Definition, from: string, to: string): Definition {
  const inText = (text: string) => text.replaceAll(new RegExp(`\\bresults\\.${escaped(from)}(?![\\w])`, "g"), `results.${to}`);
  const tasks = (definition.tasks ?? []).map((task) => {
    const next: Task = { ...task, name: task.name === from ? to : task.name };
    if (task.dependencies) next.dependencies = task.dependencies.map((name) => (name === from ? to : name));
    if (task.when) next.when = inText(task.when);
    if (task.map_over) next.map_over = inText(task.map_over);
    if (task.input !== undefined) next.input = JSON.parse(inText(JSON.stringify(task.input))) as Task["input"];
    return next;
  });
  return { ...definition, tasks };
}

/** Returns a definition with a task changed; a field that is undefined or null is taken away. */
export function withFields(definition: Definition, name: string, fields: Partial<Task>): Definition {
  return changed(definition, name, (task) => {
    const stated = Object.entries({ ...task, ...fields }).filter(([, value]) => value !== undefined && value !== null);
    return Object.fromEntries(stated) as Task;
  });
}

/** Returns the names of all tasks that end before one begins. */
export function ancestorsOf({ tasks = [] }: Definition, name: string): Set<string> {
  const before = new Map(tasks.map((task) => [task.name, task.dependencies ?? []]));
  const found = new Set<string>();
  const left = [...(before.get(name) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    left.push(...(before.get(next) ?? []));
  }
  return found;
}

/** Returns the edges of a definition as pairs of places; dependencies on what there is not have none. */
export function edgesOf({ tasks = [] }: Definition): [number, number][] {
  const places = new Map(tasks.map(({ name }, place) => [name, place]));
  return tasks.flatMap(({ dependencies = [] }, to) => dependencies.flatMap((name): [number, number][] => {
    const from = places.get(name);
    return from === undefined || from === to ? [] : [[from, to]];
  }));
}

/** Tells whether a text can be the name of a task. */
export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(text);
}

const BEGUN: Record<NonNullable<Task["kind"]>, Partial<Task>> = {
  python: { python_callable: 'def main(context):\n    return {"value": 1}\n' },
  plugin: { kind: "plugin", plugin_name: "", input: {} },
  approval: { kind: "approval" },
  wait: { kind: "wait", wait_s: 60 },
  workflow: { kind: "workflow", workflow: "", input: {} },
};

function changed(definition: Definition, name: string, change: (task: Task) => Task): Definition {
  return { ...definition, tasks: (definition.tasks ?? []).map((task) => (task.name === name ? change(task) : task)) };
}

function disconnected(task: Task, from: string): Task {
  const { dependencies = [], ...rest } = task;
  const left = dependencies.filter((name) => name !== from);
  return left.length === dependencies.length ? task : { ...rest, ...(left.length > 0 ? { dependencies: left } : {}) };
}

function freeName(kind: string, tasks: readonly Task[]): string {
  const taken = new Set(tasks.map(({ name }) => name));
  for (let number = 1; ; number += 1) if (!taken.has(`${kind}_${number}`)) return `${kind}_${number}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
