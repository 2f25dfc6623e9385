import type { CapturedConnected, CapturedDisconnected } from "#domain/captured.ts";
import type { Connection, ConnectionState } from "#domain/instance.ts";
import type { LiveSocket } from "./live-socket.ts";
import { ownAccount } from "./own-account.ts";
import type { SessionState } from "./session-state.ts";

/** The state as it is stored: own addresses while paired, `at` only moves with `state`. */
export function connectionOf(
  state: SessionState,
  known: {
    readonly previous: Connection;
    readonly live: LiveSocket | undefined;
    readonly simulated: boolean;
    readonly now: number;
  },
): Connection {
  const { previous, live, now } = known;
  const own = live?.own();
  const { phone, lid } = own === undefined ? previous : ownAccount(own);
  const pushName = live?.pushName() ?? previous.pushName;
  const lastSeenAt = live?.lastSeenAt() ?? previous.lastSeenAt;
  return {
    state: state.state,
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    ...(state.statusCode === undefined ? {} : { statusCode: state.statusCode }),
    ...(state.refusal === undefined ? {} : { refusal: state.refusal }),
    at: state.state === previous.state ? previous.at : now,
    ...(state.paired && phone !== undefined ? { phone } : {}),
    ...(state.paired && lid !== undefined ? { lid } : {}),
    ...(state.paired && pushName !== undefined ? { pushName } : {}),
    ...(state.paired && known.simulated ? { simulated: true } : {}),
    ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
  };
}

/**
 * What the customer hears of a change: the account came up, it went down, or it is lost until somebody acts. Nothing
 * is said about pairing or about one wait following another.
 */
export function announcementOf(
  before: SessionState,
  after: SessionState,
  known: { readonly phone: string | undefined; readonly isBusiness: boolean; readonly now: number },
): CapturedConnected | CapturedDisconnected | undefined {
  if (before.state === after.state || known.phone === undefined) return undefined;
  const at = known.now;
  if (after.state === "connected") return { kind: "connected", phone: known.phone, isBusiness: known.isBusiness, at };
  const lost = lostStates.has(after.state);
  if (before.state !== "connected" && !lost) return undefined;
  const reason = after.reason ?? after.state;
  const told = after.refusal === undefined ? {} : { refusal: after.refusal };
  return { kind: "disconnected", reason, error: "Device has been disconnected", ...told, at };
}

/** Going there is told even by a session that was not connected. */
const lostStates: ReadonlySet<ConnectionState> = new Set(["logged_out", "restricted", "locked", "banned", "replaced"]);
