import { expect } from "vitest";
import type { SandboxControl } from "#sandbox/control.ts";
import { dishonestyOf } from "../support/honesty.ts";

/** Fails when a client did what the real server would not have taken; see `dishonestyOf`. */
export function expectHonestWire(
  sandbox: { readonly control: Pick<SandboxControl, "trace"> },
  options: { readonly refusals?: boolean } = {},
): void {
  expect(dishonestyOf(sandbox.control.trace(), options)).toEqual([]);
}
