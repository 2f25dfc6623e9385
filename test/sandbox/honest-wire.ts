import { expect } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";

/** Nothing was asked that the sandbox does not know, and nothing was unreadable that no fault made so. */
export function expectHonestWire(sandbox: Sandbox): void {
  const { unhandled, decryptErrors } = sandbox.control.trace();
  expect(unhandled).toEqual([]);
  expect(decryptErrors.filter(({ injected }) => !injected)).toEqual([]);
}
