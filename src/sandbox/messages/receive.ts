import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import { describeMessage } from "../content/describe.ts";
import { openAnswer, type Question } from "../content/opened-answer.ts";
import type { Addressing } from "../jid.ts";
import type { ShownNode } from "../shown.ts";
import type { Person, SimulatedDevice } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import { childrenOf } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { contentContext } from "./content-context.ts";
import { jidOf } from "./envelope.ts";
import { sendAutomaticReceipts } from "./receipts.ts";
import { requestAgain } from "./request-again.ts";

/** A message of a client's device on its way to a device that the sandbox plays. */
export interface Arrival {
  readonly from: Companion;
  readonly id: string;
  readonly addressing: Addressing;
  /** Number of the other person, a group's jid, or `status@broadcast`. */
  readonly chat: string;
  /** Jid of the chat as the inbox shows it. */
  readonly chatJid: string;
  /** How receipts of this person in this chat name it. */
  readonly origin: Readonly<Record<string, string>>;
  /** Attributes of the stanza that go with the message: `type`, `edit`. */
  readonly attrs: BinaryNode["attrs"];
  /** What the message stanza says beside the ciphertext. */
  readonly beside: readonly BinaryNode[];
}

/** The children of a message stanza that are for the recipient's eyes: not the ciphertexts, nor what serves the server. */
export function besideOf(node: BinaryNode): readonly BinaryNode[] {
  return childrenOf(node).filter(({ tag }) => !forTheServer.has(tag));
}

const forTheServer = new Set(["participants", "enc", "tctoken", "device-identity", "reporting"]);

/**
 * Opens what arrived; undefined when that failed. A failure is recorded, and the sender is asked for the message again,
 * unless it is the account's own phone that failed: a client answers such a request by sending to everybody again.
 */
export async function openArrival(
  world: World,
  at: { readonly device: SimulatedDevice; readonly arrival: Arrival },
  open: () => Promise<proto.IMessage>,
): Promise<proto.IMessage | undefined> {
  const { device, arrival } = at;
  const { number } = device.person;
  const isOwn = device.person === arrival.from.person;
  const fault = isOwn ? undefined : world.faults.match("decrypt-fail", { number, messageId: arrival.id });
  try {
    if (fault !== undefined) throw new SandboxError("refused", "a fault made this message unreadable");
    return await open();
  } catch (error) {
    world.trace.decryptError({
      number,
      from: arrival.from.person.number,
      messageId: arrival.id,
      error: error instanceof Error ? error.message : String(error),
      injected: fault !== undefined,
    });
    if (!isOwn) requestAgain(world, at);
    return undefined;
  }
}

/** The phone got a readable message: it is remembered, shown, and confirmed. */
export function takeIn(
  world: World,
  at: { readonly person: Person; readonly arrival: Arrival },
  message: proto.IMessage,
): void {
  const { person, arrival } = at;
  const author = arrival.from.person;
  const now = world.options.clock.now();
  const isKnown = person.memory.get(arrival.id) !== undefined;
  const opened = openAnswer(message, (id) => questionOf(world, at, id));
  person.memory.put({
    id: arrival.id,
    chat: arrival.chat,
    author: author.number,
    at: now,
    message,
    attrs: arrival.attrs,
    addressing: arrival.addressing,
  });
  person.inbox.add({
    messageId: arrival.id,
    from: author.number,
    chat: arrival.chatJid,
    at: now,
    message,
    ...(opened !== undefined && { opened }),
    ...(arrival.beside.length > 0 && { nodes: arrival.beside.map(shownNode) }),
  });
  sendAutomaticReceipts(world, { origin: arrival.origin, author, ids: [arrival.id] });
  if (!isKnown && person.companions.size === 0) echo(world, at, message);
  world.changed();
}

function shownNode({ tag, attrs, content }: BinaryNode): ShownNode {
  const inner = Array.isArray(content) ? content.map(shownNode) : [];
  return { tag, attrs: { ...attrs }, ...(inner.length > 0 && { content: inner }) };
}

/** The poll or event that somebody answers, as this person has it. */
function questionOf(
  world: World,
  at: { readonly person: Person; readonly arrival: Arrival },
  messageId: string,
): Question | undefined {
  const { person, arrival } = at;
  const addressing = person.memory.get(messageId)?.addressing;
  if (addressing === undefined) return undefined;
  const known = contentContext(world, { sender: person, chatJid: arrival.chatJid, addressing }).find(messageId);
  return known === undefined ? undefined : { known, answererJid: jidOf(arrival.from.person, addressing) };
}

function echo(world: World, at: { readonly person: Person; readonly arrival: Arrival }, message: proto.IMessage): void {
  const { echoBot, receiptDelayMs } = world.behaviour;
  if (!echoBot) return;
  const { type, text } = describeMessage(message);
  if (type !== "text" || text === undefined) return;
  const { chatJid } = at.arrival;
  const chat = world.chats.find((kind) => kind.accepts(chatJid));
  const post = { sender: at.person, to: chatJid, content: { text }, addressing: undefined, corrupt: false };
  world.later(receiptDelayMs * 2, async () => {
    await chat?.post({ ...post, count: undefined, messageId: undefined }, world.signal);
  });
}
