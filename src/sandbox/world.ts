import type { BinaryNode } from "@whiskeysockets/baileys";
import type { ChatKind } from "./chat-kind.ts";
import type { Companion } from "./companion.ts";
import type { Connection } from "./connection.ts";
import type { Behaviour } from "./control.ts";
import type { FaultRules } from "./fault.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { silenceByFault } from "./disconnect.ts";
import { createGroupThrottle, type GroupThrottle } from "./groups/group-throttle.ts";
import type { MediaStation } from "./media/media-station.ts";
import type { SandboxOptions } from "./options.ts";
import { maxQueuedStanzas } from "./stanza-queue.ts";
import { strictest } from "./strictness.ts";
import type { Timers } from "./timers.ts";
import { createTrace, type TraceLog } from "./trace.ts";

/** What every part of the simulated WhatsApp works on. */
export interface World {
  readonly options: SandboxOptions;
  readonly directory: Directory;
  readonly trace: TraceLog;
  readonly faults: FaultRules;
  readonly media: MediaStation;
  /** Open sockets, logged in or not. */
  readonly connections: Set<Connection>;
  /** Noise keys (base64) of devices that were unlinked: they stay out. */
  readonly unlinked: Map<string, true>;
  /** Profile pictures by jid: paths on the media host; an empty one was removed. */
  readonly pictures: Map<string, Picture>;
  readonly throttle: GroupThrottle;
  behaviour: Behaviour;
  /** What members have said about messages in groups and goes out in one receipt: by author, group and kind; by message. */
  readonly saidInGroups: Map<string, Map<string, { readonly jid: string; readonly t: string }[]>>;
  /** The kinds of chat, in the order in which they are asked whether a jid is theirs. */
  readonly chats: readonly ChatKind[];
  /**
   * Puts a stanza on the way to a device: at once if it is online, and again after each login until it is confirmed.
   * False when too much waits for the device already: then nobody gets it.
   */
  readonly post: (companion: Companion, node: BinaryNode) => boolean;
  /** An id that no other stanza of this run has. */
  readonly nextId: () => string;
  /** Seconds since 1970, as stanzas carry them. */
  readonly seconds: () => number;
  /** Does something after a while (0: now), unless the sandbox is closed or reset before. */
  readonly later: Timers["later"];
  /** Something that the state file holds has changed. */
  changed: () => void;
  /** Aborts when the sandbox closes. */
  readonly signal: AbortSignal;
}

/** A profile picture. */
export interface Picture {
  readonly id: string;
  /** Undefined: removed. */
  readonly directPath: string | undefined;
}

/** An empty world. Chats are added by whoever composes it. */
export function createWorld(
  deps: Pick<World, "options" | "faults" | "media" | "chats" | "signal"> & { readonly timers: Timers },
): World {
  const { options, faults, signal, timers } = deps;
  const { clock } = options;
  let stanzas = 0;
  const seconds = (): number => Math.floor(clock.now() / 1000);
  // Ids go into the state file with their stanzas; in another run they must not come again.
  const run = clock.now().toString(36);
  const world: World = {
    options,
    faults,
    signal,
    chats: deps.chats,
    media: deps.media,
    directory: createDirectory(clock, options.seed),
    trace: createTrace(clock),
    connections: new Set(),
    unlinked: new Map(),
    pictures: new Map(),
    throttle: createGroupThrottle(clock),
    behaviour: initialBehaviour(options),
    saidInGroups: new Map(),
    post(companion, node) {
      const entry = companion.queue.push(inStatusForm(world, node));
      if (entry === undefined) {
        options.log.warn(
          { waiting: maxQueuedStanzas },
          "sandbox: a device confirms nothing, a stanza for it is dropped",
        );
        return false;
      }
      world.changed();
      const { connection, person } = companion;
      if (connection !== undefined) {
        silenceByFault(world, connection, person.number);
        connection.backlog?.deliver(entry);
      }
      return true;
    },
    nextId: () => {
      stanzas += 1;
      return `${run}-${stanzas}`;
    },
    seconds,
    later: timers.later,
    changed: () => undefined,
  };
  return world;
}

/** WhatsApp protocol: what somebody posts as their status has a tag of its own. */
function inStatusForm({ behaviour }: World, node: BinaryNode): BinaryNode {
  const isStatus = node.tag === "message" && node.attrs["from"] === "status@broadcast";
  return isStatus && behaviour.statusForm === "status" ? { ...node, tag: "status" } : node;
}

/** How people behave until a control call says otherwise. */
export function initialBehaviour({ receiptDelayMs }: SandboxOptions): Behaviour {
  return { autoDeliver: true, autoRead: false, receiptDelayMs, echoBot: false, ...strictest() };
}
