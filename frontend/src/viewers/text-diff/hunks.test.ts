import { expect, test } from "vitest";
import { hunksOf } from "./hunks";

test("lines that are the same are not shown, but for some around", () => {
  const before = Array.from({ length: 20 }, (_, line) => `line ${line}`).join("\n");
  const [lines = []] = hunksOf(before, before.replace("line 10", "other"));
  expect(lines.map(({ kind }) => kind)).toEqual(["same", "same", "same", "removed", "added", "same", "same", "same"]);
  expect(hunksOf(before, before)).toEqual([]);
});
