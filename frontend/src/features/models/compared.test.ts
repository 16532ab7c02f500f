import { expect, test } from "vitest";
import { chosenOf, comparedRows, toggled } from "./compared";

test("versions of an address are read, whatever is in it", () => {
  expect(chosenOf("3,1,1,x,-2,,0")).toEqual([1, 3]);
  expect(chosenOf(undefined)).toEqual([]);
  expect([toggled([1, 3], 2), toggled([1, 3], 3), toggled([1], 1)]).toEqual(["1,2,3", "1", undefined]);
});

const on = (data_digest: string, mae: number) => ({ data_digest, data_name: "months", metrics: { mae } });

test("numbers stand beside each other by their data, the newest evaluation for each", () => {
  const one = { metrics: { loss: 0.5, note: "good" }, evaluations: [on("a", 4), on("a", 9)] };
  const other = { metrics: {}, evaluations: [on("b", 3), on("a", 5)] };
  expect(comparedRows([one, other])).toEqual([
    { key: " loss", metric: "loss", data: null, values: [0.5, null] },
    { key: "a mae", metric: "mae", data: "months", values: [4, 5] },
    { key: "b mae", metric: "mae", data: "months", values: [null, 3] },
  ]);
});
