import { expect, test } from "vitest";
import { bodyOf } from "./submission";

test("the input is sent as it was typed", () => {
  const body = bodyOf({ plugin: "adder", input: '{"n": 12345678901234567890}', priority: 3 });
  expect(body).toBe('{"plugin_name":"adder","priority":3,"input_data":{"n": 12345678901234567890}}');
});

test("what is no JSON is not sent", () => {
  expect(() => bodyOf({ plugin: "adder", input: "{n: 1}", priority: 0 })).toThrow(SyntaxError);
});
