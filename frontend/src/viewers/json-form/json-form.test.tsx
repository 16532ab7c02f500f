import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { exampleOf } from "./example";
import { JsonForm } from "./json-form";
import type { Schema } from "./schema";
import { validatorOf } from "./validation";

const t = (id: string, values?: Record<string, unknown>) => i18n._(id, values);

const schema: Schema = {
  type: "object",
  required: ["n", "name"],
  additionalProperties: false,
  properties: {
    n: { $ref: "#/$defs/count" },
    name: { type: "string", minLength: 2 },
    mode: { enum: ["fast", "exact"] },
    rows: { type: "array", items: { type: "object", properties: { x: { type: "number" } }, required: ["x"] } },
    any: {},
    upload: { type: "object", format: "satellite-file" },
  },
  $defs: { count: { type: "integer", minimum: 1, description: "How many." } },
};

function refuse(): Promise<unknown> {
  return Promise.reject(new Error("no"));
}

function Shown({ first, told, upload = refuse }: { first: unknown; told: (value: unknown) => void; upload?: (file: File) => Promise<unknown> }) {
  const [value, setValue] = useState(first);
  const change = (next: unknown) => {
    setValue(next);
    told(next);
  };
  return (
    <I18nProvider i18n={i18n}>
      <JsonForm schema={schema} value={value} onChange={change} faults={validatorOf(schema)(value, t)} onUpload={upload} />
    </I18nProvider>
  );
}

test.each([
  { n: 1, name: "ab" },
  { n: 3, name: "ab", mode: "exact", rows: [{ x: 1.5 }, { x: -2 }], any: { deep: [null, { a: true }] } },
  { n: "none", name: 5, surplus: [1], rows: "no list" },
  ["no", "object"],
])("a value that is shown and not changed stays what it is: %j", async (value) => {
  const told = vi.fn();
  render(<Shown first={value} told={told} />);
  await userEvent.tab();
  await userEvent.tab();
  expect(told.mock.calls.every(([next]) => JSON.stringify(next) === JSON.stringify(value))).toBe(true);
});

test("what is typed becomes a value of its type, and what is wrong is told at its place", async () => {
  const told = vi.fn();
  render(<Shown first={{ n: 1, name: "ab" }} told={told} />);
  const number = screen.getByLabelText(/^n \*/);
  await userEvent.clear(number);
  expect(screen.getByText("This is needed.")).toBeTruthy();
  await userEvent.type(number, "0");
  expect(told).toHaveBeenLastCalledWith({ n: 0, name: "ab" });
  expect(screen.getByText("This must be at least 1.")).toBeTruthy();
  await userEvent.type(number, "x");
  expect(screen.getByText("This must be of the type integer.")).toBeTruthy();
  await userEvent.selectOptions(screen.getByLabelText("mode"), "exact");
  expect(told.mock.lastCall?.[0]).toMatchObject({ mode: "exact" });
});

test("a file is stored, and its reference is the value", async () => {
  const told = vi.fn();
  render(<Shown first={{ n: 1, name: "ab" }} told={told} upload={() => Promise.resolve({ $file: "f1" })} />);
  await userEvent.upload(screen.getByLabelText("upload"), new File(["a,b"], "rows.csv"));
  expect(told).toHaveBeenLastCalledWith({ n: 1, name: "ab", upload: { $file: "f1" } });
});

test("the faults of a value", () => {
  const faults = validatorOf(schema)({ n: 0.5, name: "a", mode: "slow", extra: 1, rows: [{ x: "1" }] }, t);
  expect(Object.fromEntries(faults)).toEqual({
    "": "extra is not known here.",
    "/n": "This must be of the type integer.",
    "/name": "This must have at least 2 characters.",
    "/mode": 'This must be one of ["fast","exact"].',
    "/rows/0/x": "This must be of the type number.",
  });
  expect(validatorOf(schema)(exampleOf(schema), t).size).toBe(0);
});
