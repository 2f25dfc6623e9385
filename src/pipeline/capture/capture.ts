import type { BaileysEventMap, BinaryNode, WAMessage } from "@whiskeysockets/baileys";
import { proto } from "@whiskeysockets/baileys";
import type { Captured, CapturedMessage } from "#domain/captured.ts";
import { isGroupJid, isStatusJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { createTtlCache } from "#lib/ttl-cache.ts";
import type { DirectoryStore } from "#store/directory.ts";
import { lastingRefusal } from "#store/lasting-refusal.ts";
import type { MessageStore } from "#store/messages.ts";
import type { CaptureResult } from "../capture-result.ts";
import { createAddressBook, type Owner } from "./address-book.ts";
import { captureCall, type RingingCall } from "./call.ts";
import { type CapturedOne, joined, nothing } from "./captured-one.ts";
import {
  captureChats,
  captureContacts,
  captureGroups,
  captureHistory,
  captureLabel,
  capturePair,
} from "./directory.ts";
import type { InboundBatch, OwnAccount } from "./inbound-batch.ts";
import { captureMessage, captureOpened, type MessageOrigin } from "./message.ts";
import { createHashedPeople } from "./hashed-people.ts";
import { captureNotification } from "./notification.ts";
import type { PeopleListener } from "./people-notification.ts";
import { capturePresence } from "./presence.ts";
import { captureReceipt } from "./receipt.ts";
import { createSealedWaiting, nothingSealed } from "./sealed-waiting.ts";

/** What capturing works with: tables and a clock, never the network. */
export interface CaptureDeps {
  readonly directory: Pick<DirectoryStore, "phoneOf" | "lidOf" | "contact" | "chat" | "pairs" | "contacts" | "chats">;
  readonly messages: Pick<MessageStore, "get" | "list">;
  /** Told of changes that become neither event nor row. */
  readonly people?: PeopleListener | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A message of ours that WhatsApp took, as the queue knows it. */
export interface SentMessage {
  readonly instanceId: string;
  readonly own: OwnAccount;
  /** Encoded `WebMessageInfo`. */
  readonly proto: Uint8Array;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The stage that turns what the client reports into captured events and rows. */
export interface Capture {
  /** Rejects only when a table cannot be read; the same batch may be captured again. */
  readonly capture: (batch: InboundBatch) => Promise<CaptureResult>;
  /** A stored message as what happened then; undefined for one that nobody is shown. Remembers nothing. */
  readonly shown: (message: SentMessage) => Promise<CapturedMessage | undefined>;
  /** What happened when WhatsApp took a message sent through this API: the message itself, and its status SENT. */
  readonly sent: (message: SentMessage) => Promise<readonly Captured[]>;
}

const maxRingingCalls = 10_000;

/** Opens the stage. It keeps bounded caches of names, numbers and ringing calls, nothing else. */
export function createCapture(deps: CaptureDeps): Capture {
  const book = createAddressBook(deps.directory, deps.clock);
  const hashed = createHashedPeople(deps.directory, deps.clock);
  const calls = createTtlCache<RingingCall>(deps.clock, maxRingingCalls);
  const messageDeps = {
    book,
    messages: deps.messages,
    sealed: createSealedWaiting<MessageOrigin>(deps.clock),
    log: deps.log,
  };
  // Names as they were then must not get into the one that live messages are shown by.
  const past = {
    ...messageDeps,
    sealed: nothingSealed<MessageOrigin>(),
    book: createAddressBook(deps.directory, deps.clock),
  };

  const stanza = (input: { readonly owner: Owner; readonly now: number }, node: BinaryNode): Promise<CapturedOne> => {
    switch (node.tag) {
      case "receipt":
        return captureReceipt(book, input, node);
      case "notification":
        return captureNotification({ book, hashed, tell: deps.people }, input, node);
      case "call":
        return captureCall({ book, calls }, input, node);
      default:
        return Promise.resolve(nothing);
    }
  };

  /** A message whose content nobody foresaw is published as one that waits: its key says enough for that. */
  const messageOrWaiting = async (origin: MessageOrigin, info: WAMessage): Promise<CapturedOne> => {
    try {
      return await captureMessage(messageDeps, origin, info);
    } catch (error) {
      if (!isOurs(error) || !info.message || info.message.protocolMessage) throw error;
      deps.log.error({ instanceId: origin.owner.instanceId, error }, "a message could not be read");
      const messageStubType = proto.WebMessageInfo.StubType.CIPHERTEXT;
      return await captureMessage(messageDeps, origin, { ...info, message: null, messageStubType });
    }
  };

  /** One item each, in the order in which their effects build on each other: people before their messages. */
  const works = (
    input: { readonly owner: Owner; readonly now: number },
    events: Partial<BaileysEventMap>,
  ): readonly (() => Promise<CapturedOne> | CapturedOne)[] => {
    const { owner, now } = input;
    const history = events["messaging-history.set"];
    const pair = events["lid-mapping.update"];
    const presence = events["presence.update"];
    const label = events["labels.association"];
    const origin = { owner, fromApi: false, receivedAt: now };
    return [
      ...(pair === undefined ? [] : [() => capturePair(book, owner, pair)]),
      ...(history === undefined ? [] : [() => captureHistory(book, input, history)]),
      // The first history comes before anything that could wait for it.
      ...(history?.syncType === proto.HistorySync.HistorySyncType.ON_DEMAND
        ? [() => captureOpened(messageDeps, input, history.messages)]
        : []),
      ...listOf(events["contacts.upsert"], (contacts) => captureContacts(book, owner, contacts)),
      ...listOf(events["contacts.update"], (contacts) => captureContacts(book, owner, contacts)),
      ...listOf(events["chats.upsert"], (chats) => captureChats(book, { owner, complete: true }, chats)),
      ...listOf(events["chats.update"], (chats) => captureChats(book, { owner, complete: false }, chats)),
      ...listOf(events["groups.upsert"], (groups) => captureGroups(book, owner, groups)),
      ...listOf(events["groups.update"], (groups) => captureGroups(book, owner, groups)),
      ...(events["messages.upsert"]?.messages ?? []).map((info) => () => messageOrWaiting(origin, info)),
      ...(presence === undefined ? [] : [() => capturePresence(book, input, presence)]),
      ...(label === undefined ? [] : [() => captureLabel(book, input, label)]),
    ];
  };

  /** Something nobody foresaw must not hold up what comes behind it: it is logged, and the rest goes on. */
  const guarded = async (owner: Owner, work: () => Promise<CapturedOne> | CapturedOne): Promise<CapturedOne> => {
    try {
      return await work();
    } catch (error) {
      if (!isOurs(error)) throw error;
      deps.log.error({ instanceId: owner.instanceId, error }, "what arrived could not be read");
      return nothing;
    }
  };

  return {
    capture: async (batch) => {
      const owner = { instanceId: batch.instanceId, own: batch.own };
      const input = { owner, now: deps.clock.now() };
      const { stanza: node, events, captured } = batch;
      const all: CapturedOne[] = captured === undefined ? [] : [{ captured: [captured] }];
      if (node !== undefined) all.push(await guarded(owner, () => stanza(input, node)));
      for (const work of events === undefined ? [] : works(input, events)) all.push(await guarded(owner, work));
      return { ...joined(all), journalIds: batch.journalIds };
    },
    shown: async ({ instanceId, own, proto: encoded, at }) => {
      const owner = { instanceId, own };
      const info = proto.WebMessageInfo.decode(encoded);
      if (!info.key) return undefined;
      const message: WAMessage = Object.assign(info, { key: info.key });
      const origin = { owner, fromApi: false, receivedAt: at };
      const { captured = [] } = await guarded(owner, () => captureMessage(past, origin, message));
      return captured.find((one) => one.kind === "message");
    },
    sent: async ({ instanceId, own, proto: encoded, at }) => {
      const owner = { instanceId, own };
      const info = proto.WebMessageInfo.decode(encoded);
      if (!info.key) return [];
      const message: WAMessage = Object.assign(info, { key: info.key });
      const origin = { owner, fromApi: true, receivedAt: at };
      const one = await guarded(owner, () => captureMessage(messageDeps, origin, message));
      return (one.captured ?? []).flatMap((captured) =>
        captured.kind === "message" ? [captured, statusSent(captured, at)] : [captured],
      );
    },
  };
}

function listOf<T>(
  list: readonly T[] | undefined,
  work: (list: readonly T[]) => Promise<CapturedOne> | CapturedOne,
): readonly (() => Promise<CapturedOne> | CapturedOne)[] {
  return list === undefined || list.length === 0 ? [] : [() => work(list)];
}

/** The server's acknowledgement as customers get it. */
function statusSent({ chat, messageId, sender }: CapturedMessage, at: number): Captured {
  const shared = isGroupJid(chat.chatId) || isStatusJid(chat.chatId);
  const participant = shared ? { participant: { ...sender, device: 0 } } : {};
  return { kind: "receipt", chat, ...participant, messageIds: [messageId], status: "SENT", phoneDevice: 0, at };
}

/** A mistake in reading a message, or a question no table will ever answer, as against one that cannot be read right now. */
function isOurs(error: unknown): boolean {
  return error instanceof SyntaxError || lastingRefusal(error) !== undefined;
}
