import { expect } from "vitest";
import type { SandboxControl } from "#sandbox/control.ts";
import type { Refusal } from "#sandbox/observed.ts";

/**
 * Nothing was asked that the sandbox does not know, and nothing was unreadable that no fault made so; with `refusals`
 * also nothing was refused that a client has to know better.
 */
export function expectHonestWire(
  sandbox: { readonly control: Pick<SandboxControl, "trace"> },
  { refusals = false }: { readonly refusals?: boolean } = {},
): void {
  const trace = sandbox.control.trace();
  expect(trace.unhandled).toEqual([]);
  expect(trace.decryptErrors.filter(({ injected }) => !injected)).toEqual([]);
  if (refusals) expect(trace.refusals.filter(({ kind }) => !byPeople.has(kind))).toEqual([]);
}

/** What a person, an old version or an unlinked device is refused for: no client can help it. */
const byPeople: ReadonlySet<Refusal["kind"]> = new Set(["login", "version", "pairing-code", "passkey-assertion"]);
