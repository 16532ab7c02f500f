import { expect, test } from "vitest";
import type { Worker } from "./worker-queries";
import { isFound, stateOf } from "./worker-state";

const worker = { name: "gpu-1", host: "rack", labels: { zone: "a" }, running: [[42, 1]], draining: false, drained: false, consumer_ok: true, cluster: null } as unknown as Worker;

test("a worker that drains is told from one that is deaf, and a cluster's by how that is", () => {
  expect(stateOf(worker)).toBe("ready");
  expect(stateOf({ ...worker, draining: true, consumer_ok: false })).toBe("draining");
  expect(stateOf({ ...worker, drained: true, consumer_ok: false })).toBe("drained");
  expect(stateOf({ ...worker, consumer_ok: false })).toBe("deaf");
  expect(stateOf({ ...worker, cluster: { name: "lab", state: "unreachable" } as Worker["cluster"] })).toBe("away");
});

test("a worker is found by its name, host, labels and jobs", () => {
  for (const typed of ["GPU", "rack", "zone=a", "#42", ""]) expect([typed, isFound(worker, typed)]).toEqual([typed, true]);
  for (const typed of ["#4", "zone=b", "gpu-2"]) expect([typed, isFound(worker, typed)]).toEqual([typed, false]);
});
