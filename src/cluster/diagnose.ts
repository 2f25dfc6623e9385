import type { SessionView } from "#domain/session.ts";

/** From when on something counts as wrong. Milliseconds. */
export interface DiagnoseOptions {
  /** Without a stanza or a pong although it says connected. */
  readonly silentMs: number;
  /** On its way up without getting there. */
  readonly stuckMs: number;
  /** Given up after another connection took the session. */
  readonly replacedMs: number;
}

/** What is wrong with a session, and what helps. */
export interface Diagnosis {
  /**
   * `missing`: nobody drives it. `silent`: connected without evidence. `stuck`: coming up for too long. `down`: it has
   * given up without a reason to. `replaced`: it lost to another connection long ago.
   */
  readonly finding: "healthy" | "missing" | "silent" | "stuck" | "down" | "replaced";
  readonly remedy: "none" | "start" | "restart";
}

// Reasons after which connecting again by itself would change nothing, or is not wanted.
const finalReasons = new Set(["stopped", "multidevice_mismatch"]);
const healthy: Diagnosis = { finding: "healthy", remedy: "none" };

/** Judges a paired session by what it shows. Pure. `now` is epoch milliseconds. */
export function diagnose(view: SessionView, options: DiagnoseOptions, now: number): Diagnosis {
  const { connection, owned, retry } = view;
  const { state, at, reason } = connection;
  // Somebody wanted it so, or WhatsApp did; a program that insists makes a ban worse.
  if (finalReasons.has(reason ?? "") || state === "locked" || state === "banned" || state === "logged_out") {
    return healthy;
  }
  if (state === "replaced") {
    const tried = retry !== undefined || now - at < options.replacedMs;
    return tried ? healthy : { finding: "replaced", remedy: "restart" };
  }
  // With an end somebody has to wait for it; without one the session tried a few times by itself.
  if (state === "restricted" && connection.refusal?.until === undefined) return healthy;
  if (!owned) return { finding: "missing", remedy: "start" };
  switch (state) {
    case "connected": {
      const silentForMs = view.silentForMs ?? now - Math.max(at, connection.lastSeenAt ?? 0);
      return silentForMs > options.silentMs ? { finding: "silent", remedy: "restart" } : healthy;
    }
    case "connecting":
    case "pairing":
      return retry === undefined && now - at > options.stuckMs ? { finding: "stuck", remedy: "restart" } : healthy;
    case "disconnected":
      return retry === undefined ? { finding: "down", remedy: "start" } : healthy;
    case "restricted":
    case "unpaired":
      return healthy;
  }
}
