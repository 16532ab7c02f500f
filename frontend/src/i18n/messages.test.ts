import { readFileSync, globSync } from "node:fs";
import { describe, expect, test } from "vitest";

const files = globSync("src/**/messages/en.json");
const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
const valuesOf = (message = "") => [...new Set([...message.matchAll(/\{(\w+)(?=[},])/g)].map(([, name]) => name))].toSorted();

describe.each(files)("%s", (file) => {
  const english = read(file);
  const korean = read(file.replace("en.json", "ko.json"));

  test("has the same messages in Korean, none of them empty", () => {
    expect(Object.keys(korean).toSorted()).toEqual(Object.keys(english).toSorted());
    expect(Object.entries({ ...english, ...korean }).filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  test("is given the same values in Korean", () => {
    for (const key of Object.keys(english)) expect([key, valuesOf(korean[key])]).toEqual([key, valuesOf(english[key])]);
  });
});

test("no id stands for two messages", () => {
  const ids = files.flatMap((file) => Object.keys(read(file)));
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("each message that is asked for is there, and each that is there is asked for", () => {
  const known = new Set(files.flatMap((file) => Object.keys(read(file))));
  const source = globSync("src/**/*.{ts,tsx}").filter((file) => !file.includes(".test.") && !file.endsWith("schema.d.ts")).map((file) => readFileSync(file, "utf8")).join("\n");
  const asked = [...source.matchAll(/\b(?:t|i18n\._)\(\s*"([\w.]+)"/g)].map(([, id]) => id ?? "");
  expect(asked.filter((id) => !known.has(id))).toEqual([]);
  // Ids that are put together begin with something that is written out: `status.${status}`.
  const families = [...source.matchAll(/`([\w.]+\.)\$\{/g)].map(([, family]) => family ?? "");
  const isAsked = (id: string) => source.includes(`"${id}"`) || families.some((family) => id.startsWith(family));
  expect([...known].filter((id) => !isAsked(id))).toEqual([]);
});
