import { expect, test } from "vitest";
import { suggestionsFor } from "./python-context";

const suggest = suggestionsFor(["split", "fit.1"], ["rows"]);
const labels = (before: string) => suggest(before)?.options.map(({ label }) => label);

test.each([
  ['x = context["', "ti"],
  ["context.get('", "params"],
  ['context["ti"].', "xcom_pull"],
  ["ti.xcom", "xcom_push"],
  ['ti.xcom_pull(task_ids="', "split"],
  ['ti.xcom_pull("', "fit.1"],
  ['context["params"]["', "rows"],
  ["cont", "context"],
])("%s is completed by %s", (before, label) => {
  expect(labels(before)).toContain(label);
});

test("only tasks that have ended can be pulled, and elsewhere nothing is known", () => {
  expect(labels('ti.xcom_pull(task_ids="')).toEqual(["split", "fit.1"]);
  expect(suggest("x = 1 + ")).toBeNull();
});

test("what was typed is told", () => {
  expect(suggest('ti.xcom_pull(task_ids="fit.')?.typed).toBe("fit.");
});
