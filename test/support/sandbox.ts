import { startSandbox, type Sandbox } from "#sandbox/sandbox.ts";
import type { SandboxOptions } from "#sandbox/options.ts";

/** A sandbox for tests: pairing without one-time pre-keys, receipts without delay. */
export async function openTestSandbox(overrides: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return startSandbox({ fastPreKeys: true, receiptDelayMs: 0, ...overrides });
}
