export interface Suggestion {
  label: string;
  /** One sentence about it, or its signature. */
  detail?: string;
  type?: "property" | "function" | "variable" | "constant";
}

export interface Suggestions {
  /** What of it stands there already, before the cursor. */
  typed: string;
  /** Whether they are meant even if nothing of them was typed, as after a dot. */
  isCertain: boolean;
  options: Suggestion[];
}

/** Returns what may follow a line up to the cursor; null where nothing is known. */
export type Suggest = (before: string) => Suggestions | null;
