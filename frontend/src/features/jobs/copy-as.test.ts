import { expect, test } from "vitest";
import { asCurl, asPython, asShell, quoted } from "./copy-as";

const request = { plugin_name: "adder", plugin_version: "1.0.0", input_data: { text: "it's", n: 1 } };

test("a word for the shell stays one word, whatever is in it", () => {
  expect(quoted("adder")).toBe("adder");
  expect(quoted("it's $HOME")).toBe(`'it'\\''s $HOME'`);
});

test("the same submission by HTTP, by the client and by the command line", () => {
  expect(asCurl(request)).toContain(`-d '{"plugin_name":"adder","plugin_version":"1.0.0","input_data":{"text":"it'\\''s","n":1}}'`);
  expect(asPython(request)).toContain(`json.loads("{\\"text\\":\\"it's\\",\\"n\\":1}")`);
  expect(asShell(request)).toBe(`satellite run adder --version 1.0.0 --input '{"text":"it'\\''s","n":1}' --wait`);
});
