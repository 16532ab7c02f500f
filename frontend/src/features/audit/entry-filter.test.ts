import { expect, test } from "vitest";
import { asField, momentOf, readEntryFilter } from "./entry-filter";

test("what is no filter is left out", () => {
  expect(readEntryFilter({ actor: "", fate: "maybe", since: "soon", action: "job.cancel", id: 42 })).toEqual({ action: "job.cancel", id: "42" });
});

test("a time goes into a field and back", () => {
  const moment = "2026-01-02T03:04:00.000Z";
  expect(momentOf(asField(moment))).toBe(moment);
  expect(asField(undefined)).toBe("");
});
