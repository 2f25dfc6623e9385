import type { BinaryNode, CacheStore, WASocket } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { AuthState } from "../auth-state.ts";
import { boundedCache } from "../bounded-cache.ts";
import type { Correlation } from "../journal-entry.ts";
import { ownJids, type OwnJids } from "../own-account.ts";
import { retryReasonOf } from "../retries/retry-reason.ts";
import { gateStanzas, type StanzaGate } from "../stanza-gate.ts";
import type { UnknownWire } from "../unknown-wire.ts";
import type { AskedAuthors } from "./asked-authors.ts";
import { pullBacklog, type BacklogPullOptions } from "./backlog-pull.ts";
import { ackOf } from "./own-ack.ts";
import type { OwedAcks } from "./owed-acks.ts";
import { createRetryRequests } from "./retry-request.ts";
import { confirmUnknown } from "./unknown-stanzas.ts";
import { createUnreadable, type Unreadable } from "./unreadable.ts";

/** What taking in works with. */
export interface IntakeDeps {
  readonly auth: AuthState;
  readonly correlation: Correlation;
  /** Outlives the socket. */
  readonly asked: AskedAuthors;
  readonly clock: Clock;
  readonly log: Log;
  /** Told for metrics; none may throw. */
  readonly decryptFailed?: () => void;
  readonly decryptStorm?: () => void;
  readonly backlogStalled?: () => void;
  readonly unknownWire?: (unknown: UnknownWire) => void;
}

/** What the socket has to have before it is made. */
export interface IntakePreparation {
  readonly unreadable: () => Unreadable;
  readonly placeholders: CacheStore;
}

/** Prepares what the socket is made with; `sock` is asked for once there is one. */
export function prepareIntake(deps: IntakeDeps, sock: () => WASocket): IntakePreparation {
  const { clock, log } = deps;
  const placeholders = boundedCache(clock, { limit: 1_000, ttlMs: 60 * 60_000 });
  const requests = createRetryRequests(sock);
  const unreadable = createUnreadable({
    ...deps,
    askAgain: async ({ error, ...question }) => {
      await requests.ask({ ...question, reason: retryReasonOf(error) }).catch((closed: unknown) => {
        log.debug({ error: closed }, "the connection closed meanwhile");
      });
    },
    forget: (messageId) => void placeholders.del(messageId),
  });
  return { unreadable: () => unreadable, placeholders };
}

/** Puts gate, backlog and unknown stanzas in front of Baileys; to be called right after `makeWASocket`. */
export function openIntake(
  deps: IntakeDeps & {
    readonly sock: WASocket;
    readonly owed: OwedAcks;
    /** Hands on a stanza; waits while the buffer behind it is full. */
    readonly forward: (stanza: BinaryNode, journalId: string, own: OwnJids) => Promise<void>;
    readonly isPaused: () => boolean;
    /** Looks at each stanza before Baileys does; true: Baileys does not get it, and it is acknowledged elsewhere. */
    readonly takeOver: (stanza: BinaryNode) => Promise<boolean>;
    /** Ends a connection that is alive and deaf. */
    readonly giveUp: () => void;
    readonly signal: AbortSignal;
  },
  options: BacklogPullOptions,
): StanzaGate {
  const { auth, sock } = deps;
  const shared = {
    ...deps,
    ws: sock.ws,
    journal: auth.journal,
    own: () => ownJids(auth.creds),
    send: (node: BinaryNode) => sock.sendNode(node),
    forward: async (stanza: BinaryNode, journalId: string) => {
      const own = ownJids(auth.creds);
      if (own !== undefined) await deps.forward(stanza, journalId, own);
    },
  };
  const gate = gateStanzas(shared);
  const waiting = (): number => gate.waiting() + gate.undecrypted();
  confirmUnknown({ ...shared, ack: (stanza) => sock.sendNode(ackOf(stanza)) });
  pullBacklog(
    {
      ...shared,
      waiting,
      ...(deps.backlogStalled === undefined ? {} : { stalled: deps.backlogStalled }),
    },
    options,
  );
  deps.owed.payOn({ ...shared, isIdle: () => waiting() === 0 });
  return gate;
}
