import { expect, test } from "vitest";
import { faultsAt, manifestOf } from "./manifest";
import type { Plugin } from "./plugin-queries";

test("what the server adds to a manifest is taken away again", () => {
  const plugin = { name: "adder", version: "1.0.0", timeout_s: 60, id: 7, owner_id: 1, control: { is_paused: false }, docker_image: "a:1", docker_image_url: "a:1" } as unknown as Plugin;
  expect(JSON.parse(manifestOf(plugin))).toEqual({ name: "adder", version: "1.0.0", timeout_s: 60, docker_image: "a:1" });
});

test("a violation is shown at its line, or at that of what it should be in", () => {
  const text = '{\n  "name": "adder",\n  "resources": {\n    "cpus": -1\n  }\n}';
  const line = (pointer: string) => faultsAt(text, [{ pointer, message: "wrong" }])[0]?.line;
  expect([line("/resources/cpus"), line("/resources/gpus"), line("/version"), line("")]).toEqual([4, 3, 1, 1]);
});
