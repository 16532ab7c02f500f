import { expect, test } from "vitest";
import { plainText, segmentsOf } from "./ansi";

const ESC = "\u001b";

test("a line without escape sequences is one part", () => {
  expect(segmentsOf("<b>half</b> done")).toEqual([{ text: "<b>half</b> done", styles: [] }]);
});

test("colours and weights begin and end", () => {
  const parts = segmentsOf(`${ESC}[1;31mbad${ESC}[22m still red${ESC}[0m plain`);
  expect(parts.map(({ text, styles }) => [text, ...styles.toSorted()])).toEqual([["bad", "bold", "fg1"], [" still red", "fg1"], [" plain"]]);
});

test("one of 256 colours, and any", () => {
  expect(segmentsOf(`${ESC}[38;5;196mred`)).toMatchObject([{ text: "red", color: "rgb(255 0 0)" }]);
  expect(segmentsOf(`${ESC}[38;2;1;2;3mdark`)).toMatchObject([{ text: "dark", color: "rgb(1 2 3)" }]);
  expect(segmentsOf(`${ESC}[38;5;9mbright`)).toMatchObject([{ styles: ["fg9"] }]);
  expect(segmentsOf(`${ESC}[48;2;1;2;3;32mgreen`)).toMatchObject([{ styles: ["fg2"] }]);
});

test("titles, moves of the cursor and control characters are left out", () => {
  expect(plainText(`${ESC}]0;title\u0007a${ESC}[2Kb\u0000c\rd${ESC}[?25l`)).toBe("abcd");
});

test("what is cut off in the middle harms nothing", () => {
  expect(plainText(`a${ESC}[31`)).toBe("a[31");
  expect(segmentsOf(`${ESC}[38;5mx`)).toMatchObject([{ text: "x" }]);
});
