import { startSandbox, type Sandbox } from "#sandbox/sandbox.ts";
import type { SandboxOptions } from "#sandbox/options.ts";
import { expectHonestWire } from "../sandbox/honest-wire.ts";

/**
 * A sandbox for tests: pairing without one-time pre-keys, receipts without delay. When it closes, everything its clients
 * did has to have been honest, except in files that provoke what is not: those say so by `wire: "any"`.
 */
export async function openTestSandbox(
  overrides: Partial<SandboxOptions> = {},
  { wire = "honest" }: { readonly wire?: "honest" | "any" } = {},
): Promise<Sandbox> {
  const sandbox = await startSandbox({ fastPreKeys: true, receiptDelayMs: 0, ...overrides });
  const close = async (): Promise<void> => {
    const trace = sandbox.control.trace();
    await sandbox[Symbol.asyncDispose]();
    if (wire === "honest") expectHonestWire({ control: { trace: () => trace } }, { refusals: true });
  };
  return { ...sandbox, [Symbol.asyncDispose]: close };
}
