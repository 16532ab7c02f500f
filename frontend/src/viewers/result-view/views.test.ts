import { expect, test } from "vitest";
import { rowsOf, seriesOf, viewsOf } from "./views";

test("a value is shown in the ways that fit it", () => {
  expect(viewsOf({ sum: 2 })).toEqual(["tree", "json"]);
  expect(viewsOf({ predictions: [{ class: "a" }, { class: "b" }] })).toEqual(["tree", "table", "json"]);
  expect(viewsOf([1, 2, 3])).toEqual(["tree", "chart", "json"]);
  expect(viewsOf({ mask: `iVBORw0KGgo${"A".repeat(80)}` })).toEqual(["tree", "image", "json"]);
  expect(viewsOf(null)).toEqual(["tree", "json"]);
});

test("rows are those of the value or of a member, series have names", () => {
  expect(rowsOf({ meta: {}, rows: [{ a: 1 }] })).toEqual([{ a: 1 }]);
  expect(rowsOf([{ a: 1 }, 2])).toBeNull();
  expect(seriesOf({ loss: [3, 2, 1], names: ["a", "b", "c"], short: [1] })).toEqual([{ name: "loss", points: [3, 2, 1] }]);
});
