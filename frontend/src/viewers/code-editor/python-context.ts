import type { Suggest, Suggestion } from "./suggestions";

const KEYS: Suggestion[] = [
  { label: "ti", detail: "xcom_pull, xcom_push", type: "property" },
  { label: "task_instance", detail: "the same as ti", type: "property" },
  { label: "params", type: "property" },
  { label: "item", type: "property" },
  { label: "map_index", type: "property" },
  { label: "run_id", type: "property" },
  { label: "logical_date", type: "property" },
  { label: "ds", detail: "YYYY-MM-DD", type: "property" },
  { label: "ts", type: "property" },
  { label: "data_interval_start", type: "property" },
  { label: "data_interval_end", type: "property" },
];

const INSTANCE: Suggestion[] = [
  { label: "xcom_pull", detail: '(task_ids="…", key="return_value")', type: "function" },
  { label: "xcom_push", detail: '(key="…", value=…)', type: "function" },
  { label: "task_id", type: "property" },
  { label: "map_index", type: "property" },
  { label: "try_number", type: "property" },
];

const NAMES: Suggestion[] = [
  { label: "context", type: "variable" },
  { label: "def main(context):", type: "function" },
];

/** Returns what completes a snippet, of which `ancestors` are the tasks whose values can be pulled. */
export function suggestionsFor(ancestors: readonly string[], params: readonly string[]): Suggest {
  const tasks = ancestors.map((label): Suggestion => ({ label, type: "constant" }));
  const named = params.map((label): Suggestion => ({ label, type: "constant" }));
  const rules: [RegExp, Suggestion[], boolean][] = [
    [/context\[\s*["'](\w*)$/, KEYS, true],
    [/context\.get\(\s*["'](\w*)$/, KEYS, true],
    [/(?:\bti|\btask_instance|\]\s*)\.(\w*)$/, INSTANCE, true],
    [/xcom_pull\((?:.*task_ids\s*=\s*\[?|\s*)["']([\w.-]*)$/, tasks, true],
    [/params["']?\]?\[\s*["'](\w*)$/, named, true],
    [/(?:^|[^\w."'])([A-Za-z_]\w*)$/, NAMES, false],
  ];
  return (before) => {
    for (const [pattern, options, isCertain] of rules) {
      const typed = pattern.exec(before)?.[1];
      if (typed !== undefined) return { typed, isCertain, options };
    }
    return null;
  };
}
