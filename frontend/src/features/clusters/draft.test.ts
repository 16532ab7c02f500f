import { expect, test } from "vitest";
import { bodyOf, EMPTY } from "./draft";

const read = (address: string) => bodyOf({ ...EMPTY, name: "lab", address });

test("an address is read as for ssh", () => {
  expect(read("satellite@gpu.example")).toEqual({ name: "lab", user: "satellite", host: "gpu.example", launcher: "builtin" });
  expect(read("satellite@gpu.example:2222")).toMatchObject({ host: "gpu.example", port: 2222 });
  expect(read("s@[2001:db8::1]:22")).toMatchObject({ host: "2001:db8::1", port: 22 });
  expect(read("s@2001:db8::1")).toMatchObject({ host: "2001:db8::1" });
  expect(read("gpu.example")).toMatchObject({ user: "", host: "gpu.example" });
});

test("what is given is sent, and what is left empty is left to the server", () => {
  const draft = { ...EMPTY, name: "lab", address: "s@g", via: "s@bastion", labels: "zone=a, kind=big", slots: "8", allowedRoots: "/srv, /data" };
  expect(bodyOf(draft)).toEqual({
    name: "lab", user: "s", host: "g", launcher: "builtin", via: { user: "s", host: "bastion" },
    labels: { zone: "a", kind: "big" }, slots: 8, allowed_roots: ["/srv", "/data"],
  });
});
