import { expect, test } from "vitest";
import { stateOf } from "./key-queries";

const now = new Date("2026-01-02T00:00:00Z");

test("a key is valid until it is revoked or expires", () => {
  expect(stateOf({ revoked_at: null, expires_at: null }, now)).toBe("valid");
  expect(stateOf({ revoked_at: null, expires_at: "2026-01-02T00:00:01Z" }, now)).toBe("valid");
  expect(stateOf({ revoked_at: null, expires_at: "2026-01-02T00:00:00Z" }, now)).toBe("expired");
  expect(stateOf({ revoked_at: "2026-01-01T00:00:00Z", expires_at: "2026-01-01T12:00:00Z" }, now)).toBe("revoked");
});
