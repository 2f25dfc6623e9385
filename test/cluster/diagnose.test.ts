import { expect, test } from "vitest";
import { diagnose } from "#cluster/diagnose.ts";
import type { SessionView } from "#domain/session.ts";
import type { Connection } from "#domain/instance.ts";

const now = 1_700_000_000_000;
const options = { silentMs: 100, stuckMs: 50, replacedMs: 1_000 };
const retry = { failures: 1, nextAt: now + 10 };

function view(connection: Partial<Connection>, more: Partial<SessionView> = {}): SessionView {
  return {
    connection: { state: "connected", at: now - 10, phone: "5511999990000", ...connection },
    owned: true,
    ...more,
  };
}

test.each<[string, SessionView, string, string]>([
  ["connected with a fresh stanza", view({ at: 0, lastSeenAt: now - 100 }), "healthy", "none"],
  ["connected just now, nothing seen yet", view({}), "healthy", "none"],
  ["connected without a sign for too long", view({ at: 0, lastSeenAt: now - 101 }), "silent", "restart"],
  ["nobody drives it", view({}, { owned: false }), "missing", "start"],
  ["disconnected and nobody drives it", view({ state: "disconnected" }, { owned: false }), "missing", "start"],
  ["coming up", view({ state: "connecting" }), "healthy", "none"],
  ["coming up for too long", view({ state: "connecting", at: now - 51 }), "stuck", "restart"],
  ["coming up slowly, but with a retry planned", view({ state: "connecting", at: 0 }, { retry }), "healthy", "none"],
  ["down with a retry planned", view({ state: "disconnected" }, { retry }), "healthy", "none"],
  ["down for good without a reason", view({ state: "disconnected" }), "down", "start"],
  ["stopped on purpose", view({ state: "disconnected", reason: "stopped" }, { owned: false }), "healthy", "none"],
  ["refused for good", view({ state: "disconnected", reason: "multidevice_mismatch" }), "healthy", "none"],
  ["banned", view({ state: "banned", at: 0 }, { owned: false }), "healthy", "none"],
  ["logged out", view({ state: "logged_out", at: 0 }, { owned: false }), "healthy", "none"],
  ["not paired", view({ state: "unpaired", at: 0 }), "healthy", "none"],
  ["replaced a moment ago", view({ state: "replaced" }, { owned: false }), "healthy", "none"],
  ["replaced, healing by itself", view({ state: "replaced", at: 0 }, { retry }), "healthy", "none"],
  ["replaced long ago and given up", view({ state: "replaced", at: 0 }, { owned: false }), "replaced", "restart"],
])("diagnose: %s", (_name, seen, finding, remedy) => {
  expect(diagnose(seen, options, now)).toEqual({ finding, remedy });
});
