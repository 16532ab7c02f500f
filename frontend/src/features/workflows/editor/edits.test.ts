import { expect, test } from "vitest";
import { readDefinition, textOfDefinition } from "../document";
import type { Definition } from "../workflow-queries";
import { connected, edgesOf, isName, renamed, unconnected, withFields, withTask, withoutTask } from "./edits";
import { faultOf } from "./faults";
import { begun, edited, redone, rewritten, undone } from "./history";

const LINES = {
  name: "lines",
  tasks: [{ name: "make" }, { name: "fit", dependencies: ["make"], when: "results.make.rows > 3 && results.make_2.ok" }],
} as unknown as Definition;
const names = (definition: Definition | null) => definition?.tasks?.map(({ name }) => name);

test("a task is added after the one that is selected, by a name that is free", () => {
  const first = withTask(LINES, "python", "fit");
  const second = withTask(first.definition, "python", null);
  expect([first.name, second.name]).toEqual(["python_1", "python_2"]);
  expect(edgesOf(second.definition)).toEqual([[0, 1], [1, 2]]);
});

test("a deleted task is no longer waited for", () => {
  const left = withoutTask(LINES, "make");
  expect(names(left)).toEqual(["fit"]);
  expect(left.tasks?.[0]).not.toHaveProperty("dependencies");
});

test("a circle is not connected", () => {
  expect(connected(LINES, "fit", "make")).toBeNull();
  expect(connected(LINES, "fit", "fit")).toBeNull();
  expect(connected(unconnected(LINES, "make", "fit"), "fit", "make")).not.toBeNull();
});

test("a new name is taken over by all that names the task, and by nothing else", () => {
  const [, fit] = renamed(LINES, "make", "table").tasks ?? [];
  expect(fit).toMatchObject({ dependencies: ["table"], when: "results.table.rows > 3 && results.make_2.ok" });
});

test("a field that is taken away is gone", () => {
  expect(withFields(LINES, "fit", { when: undefined }).tasks?.[1]).toEqual({ name: "fit", dependencies: ["make"] });
});

test("a definition is the same after it was text", () => {
  const odd = withFields(LINES, "make", { python_callable: "def main(context):\n\treturn 'yes: #1'  \n\n", params: { when: "12:30", no: "no", date: "2026-01-02" } });
  expect(readDefinition(textOfDefinition(odd)).definition).toEqual(odd);
  expect(readDefinition(JSON.stringify(odd)).definition).toEqual(odd);
});

test.each([
  ["name: x\ntasks: [", 2, "indent"],
  ["name: x\ntasks:\n\t- name: a", 3, "tab"],
  ["name: x\nname: y", 2, "duplicate"],
  ["name: x\ntasks: \"a", 2, "missing"],
  ["name: x\nabc\ntasks: []", 2, "key"],
  ["name: @x", 1, "start"],
  ["- 1", 1, "noObject"],
  ["tasks: []", 1, "noName"],
  ["name: x\ntasks: a", 1, "noTaskList"],
  ["name: x\ntasks: [{name: 1}]", 1, "noTask"],
])("%j is told to be none", (text, line, reason) => {
  expect(readDefinition(text).fault).toMatchObject({ line, reason });
});

test("edits are undone and done again, and typing is one step", () => {
  const typed = edited(edited(edited(begun("a"), "ab", ""), "abc", "text"), "abcd", "text");
  expect(undone(typed).present).toBe("ab");
  expect(redone(undone(typed)).present).toBe("abcd");
  expect(undone(undone(undone(typed))).present).toBe("a");
});

test("saving is no step to undo", () => {
  const typed = edited(begun("a"), "ab", "text");
  expect(undone(rewritten(typed, "ab\n")).present).toBe("a");
  expect(undone(edited(rewritten(typed, "ab\n"), "abc", "text")).present).toBe("ab\n");
});

test("faults know their task, field and line", () => {
  expect(faultOf({ pointer: "/tasks/a~1b/python_callable", message: "line 3, column 5: invalid syntax" })).toEqual({ task: "a/b", field: "python_callable", line: 3, message: "invalid syntax" });
  expect(faultOf({ pointer: "/schedule", message: "never comes" })).toEqual({ task: null, field: "/schedule", line: null, message: "never comes" });
});

test("names are those that the server takes", () => {
  expect(["a", "_a.b-c", "1a", "a b", ""].map(isName)).toEqual([true, true, false, false, false]);
});
