import { expect } from "vitest";
import type { SandboxControl } from "#sandbox/control.ts";

/**
 * Nothing was asked that the sandbox does not know, and nothing was unreadable that no fault made so; with `refusals`
 * also nothing was refused at the door.
 */
export function expectHonestWire(
  sandbox: { readonly control: Pick<SandboxControl, "trace"> },
  { refusals = false }: { readonly refusals?: boolean } = {},
): void {
  const trace = sandbox.control.trace();
  expect(trace.unhandled).toEqual([]);
  expect(trace.decryptErrors.filter(({ injected }) => !injected)).toEqual([]);
  if (refusals) expect(trace.refusals).toEqual([]);
}
