import { expect, test } from "vitest";
import { linePath, stackedBars, topOf } from "./shapes";

const done = { name: "done", tone: "good", values: [2, 0] };
const failed = { name: "failed", tone: "bad", values: [2, 1] };
const room = { width: 10, height: 100 };

test("bars stand upon each other, and lines share the upper edge", () => {
  expect(topOf([done, failed], "bars")).toBe(4);
  expect(topOf([done, failed], "lines")).toBe(2);
  expect(topOf([], "bars")).toBe(0);
  const bars = stackedBars([done, failed], 4, room);
  expect(bars.map(({ key, y, height }) => [key, y, height])).toEqual([["done 0", 50, 50], ["failed 0", 0, 50], ["failed 1", 75, 25]]);
});

test("a line is interrupted where there is no value", () => {
  expect(linePath([10, 20, null, 5], 20, room)).toBe("M5,50L15,0M30,75H40");
  expect(linePath([null, null], 0, room)).toBe("");
});
