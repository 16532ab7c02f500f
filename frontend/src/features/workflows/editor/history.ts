/** What was, what is, and what was undone. */
export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** Which edit made the present one: another of the same kind goes on with it. */
  made: string;
}

const STEPS_MAX = 200;

export function begun<T>(present: T): History<T> {
  return { past: [], present, future: [], made: "" };
}

/** Returns a history with another present; edits of the same kind, such as typing into one field, are one step. */
export function edited<T>(history: History<T>, present: T, made: string): History<T> {
  if (made !== "" && made === history.made) return { ...history, present, future: [] };
  return { past: [...history.past, history.present].slice(-STEPS_MAX), present, future: [], made };
}

/** Returns a history with the present one written otherwise, which is no edit. */
export function rewritten<T>(history: History<T>, present: T): History<T> {
  return { ...history, present, made: "" };
}

export function undone<T>(history: History<T>): History<T> {
  const present = history.past.at(-1);
  if (present === undefined) return history;
  return { past: history.past.slice(0, -1), present, future: [history.present, ...history.future], made: "" };
}

export function redone<T>(history: History<T>): History<T> {
  const [present, ...future] = history.future;
  if (present === undefined) return history;
  return { past: [...history.past, history.present], present, future, made: "" };
}
