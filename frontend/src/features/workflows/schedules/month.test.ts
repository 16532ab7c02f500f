import { expect, test } from "vitest";
import { clockOf, dateOf, firstShownOf, monthOf, shifted, startOf, weeksOf } from "./month";

test("a month has whole weeks from Monday", () => {
  const weeks = weeksOf("2026-11");
  expect(weeks).toHaveLength(6);
  expect(weeks.every((week) => week.length === 7)).toBe(true);
  expect(weeks[0]?.[0]).toEqual({ date: "2026-10-26", number: 26, isInMonth: false });
  expect(dateOf(firstShownOf("2026-11"))).toBe("2026-10-26");
  expect(weeks.flat().filter(({ isInMonth }) => isInMonth)).toHaveLength(30);
});

test("every day is there once, also where a clock changes", () => {
  for (const month of ["2026-03", "2026-10", "2028-02"]) {
    const dates = weeksOf(month).flat().map(({ date }) => date);
    expect(new Set(dates).size).toBe(dates.length);
  }
});

test("months go on over the end of a year", () => {
  expect([shifted("2026-12", 1), shifted("2026-01", -1)]).toEqual(["2027-01", "2025-12"]);
  expect(monthOf(startOf("2026-05"))).toBe("2026-05");
  expect(dateOf(new Date(2026, 0, 2))).toBe("2026-01-02");
  expect(clockOf(new Date(2026, 0, 2, 3, 4))).toBe("2026-01-02 03:04");
});
