import type { Outgoing } from "#domain/content.ts";
import { errorTable, isWazapiError } from "#domain/errors.ts";
import { canonicalJid, isGroupJid, isStatusJid } from "#domain/jid.ts";
import type { SendResult } from "#domain/session.ts";
import { sleep } from "#lib/sleep.ts";
import type { Ack } from "../acks.ts";
import { addressOf, type Address, type AddressDeps } from "../addressing/address.ts";
import type { Form } from "../addressing/form.ts";
import type { LiveSocket } from "../live-socket.ts";
import { namedBy } from "./audience-form.ts";
import { compose, type Composed } from "./compose.ts";
import { fileTravelMs } from "./files-travel.ts";
import { handOver } from "./hand-over.ts";
import { type PayloadDeps, payloadOf } from "./payload.ts";
import { findQuote, type Quote } from "./quote.ts";
import { statusAudience } from "./status-audience.ts";

/** What a try works with. */
export type TryDeps = AddressDeps & PayloadDeps & Parameters<typeof statusAudience>[0];

/** One message to be sent on this socket. */
export interface SendInput {
  readonly instanceId: string;
  readonly socket: LiveSocket;
  readonly messageId: string;
  readonly outgoing: Outgoing;
  readonly ackTimeoutMs: number;
}

/** Where a message went, or would have gone. */
export interface Aim {
  readonly address: Address;
  /** By which name the people of a post were named. */
  readonly audienceForm?: Form;
}

/** A message that was written to the socket. */
export interface Handed extends Aim {
  readonly composed: Composed;
  /** Devices it was encrypted for. */
  readonly devices: ReadonlySet<string>;
}

/** What one try came to. */
export type Tried =
  | { readonly kind: "taken"; readonly ack: Ack; readonly handed: Handed }
  | { readonly kind: "refused"; readonly code: number; readonly aim: Aim }
  /** Nobody but us could have read it. */
  | { readonly kind: "unreadable"; readonly aim: Aim }
  /** Nothing was said about the message. */
  | { readonly kind: "over"; readonly result: SendResult };

/** Sends a message once, people named by `form` when it is given, and waits for the server's word. Never throws. */
export async function tryOnce(
  deps: TryDeps,
  input: SendInput & { readonly form?: Form | undefined },
  signal: AbortSignal,
): Promise<Tried> {
  const ack = input.socket.acks.expect(input.messageId);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const built = new AbortController();
  const { to, content } = input.outgoing;
  const travelMs = fileTravelMs(content) + (isStatusJid(to) ? statusMs : 0);
  const timeout = sleep(travelMs, AbortSignal.any([either, built.signal]))
    .then(() => sleep(input.ackTimeoutMs, either))
    .then(() => "timeout" as const);
  const closed = ack.received.then((received) => received ?? ("closed" as const));
  let aim: Aim = { address: { jid: to, chat: to } };
  try {
    let written = false;
    const steps = { built: () => built.abort(), aimed: (at: Aim) => void (aim = at) };
    const sending = relay(deps, { ...input, ...steps }, either).then((handed) => {
      built.abort();
      written = true;
      return handed;
    });
    // Written or not, the first of these decides; a late failure of the write has nobody left to tell.
    sending.catch(() => {});
    const outcome = await Promise.race([
      timeout,
      closed.then(async (received) => (received === "closed" ? received : { received, handed: await sending })),
      sending.then(async (handed) => ({ received: await closed, handed })),
    ]);
    // Nothing has left while a question in front of it waits for its answer: that is no silence about this message.
    if (outcome === "timeout") return unknown(written ? "timeout" : "transient", errorTable.send_timeout.message);
    if (outcome === "closed" || outcome.received === "closed") return unknown("disconnected", "connection closed");
    const { received, handed } = outcome;
    if (received.code !== undefined) return { kind: "refused", code: received.code, aim };
    return { kind: "taken", ack: received, handed };
  } catch (error) {
    return isWazapiError(error, "send_unreadable") ? { kind: "unreadable", aim } : failureOf(error, input);
  } finally {
    over.abort();
    ack.giveUp();
  }
}

/** A post is encrypted for each of thousands of people, many of whom nobody has written to before. */
const statusMs = 120_000;

/** Hands the message to the socket; resolves once it is written, which says nothing about the server. */
async function relay(
  deps: TryDeps,
  input: SendInput & {
    readonly form?: Form | undefined;
    readonly built: () => void;
    readonly aimed: (aim: Aim) => void;
  },
  signal: AbortSignal,
): Promise<Handed> {
  const { instanceId, socket, messageId, form } = input;
  const { content, options, to } = input.outgoing;
  const chat = canonicalJid(to);
  const quote: Quote =
    options.replyTo === undefined
      ? {}
      : await findQuote(deps.messages, {
          instanceId,
          messageId: options.replyTo,
          jid: chat,
          isStatus: options.repliesToStatus === true,
        });
  const answersInPrivate = options.privateAnswer === true && isGroupJid(chat) && quote.author !== undefined;
  const address = await addressOf(deps, { instanceId, socket, form, to: answersInPrivate ? quote.author : chat });
  const { jid } = address;
  const isPost = isStatusJid(jid);
  const audienceForm = isPost ? (form ?? (socket.migration.current()?.migrated === true ? "lid" : "pn")) : undefined;
  const aim: Aim = { address, ...(audienceForm !== undefined && { audienceForm }) };
  input.aimed(aim);
  const payload = await payloadOf(deps, { instanceId, socket, jid, content, options }, signal);
  const audience =
    audienceForm === undefined
      ? undefined
      : await namedBy(audienceForm, socket, await statusAudience(deps, { instanceId, socket }));
  if (!isPost) input.built();
  // An upload cannot be called back: what was given up meanwhile must not leave after all.
  signal.throwIfAborted();
  const { disappearsAfterSeconds } = options;
  const frame = {
    ...inChat(quote, { chat, jid }),
    ...(disappearsAfterSeconds === undefined ? {} : { ephemeralExpiration: disappearsAfterSeconds }),
  };
  const composed = await compose(socket, { jid, messageId, payload, frame });
  const devices = await handOver(socket, { address, composed, messageId, audience });
  return { ...aim, composed, devices };
}

/** The quoted message as one of the chat it is answered in, whichever name that has. */
function inChat({ quoted }: Quote, { chat, jid }: { readonly chat: string; readonly jid: string }): Quote {
  if (quoted === undefined) return {};
  const isHere = quoted.key.remoteJid === chat && !isGroupJid(chat);
  return { quoted: isHere ? { ...quoted, key: { ...quoted.key, remoteJid: jid } } : quoted };
}

function failureOf(error: unknown, input: SendInput): Tried {
  if (isWazapiError(error)) {
    if (error.code === "not_connected" || error.code === "lease_lost") return unknown("disconnected", error.message);
    if (errorTable[error.code].retryable) return unknown("transient", error.message);
    const { code } = error.details;
    const said = typeof code === "number" ? { code } : {};
    return { kind: "over", result: { outcome: "rejected", kind: "permanent", error: error.message, ...said } };
  }
  const text = error instanceof Error ? error.message : String(error);
  if (!input.socket.sock.ws.isOpen) return unknown("disconnected", text);
  return unknown("transient", text);
}

function unknown(kind: "disconnected" | "timeout" | "transient", error: string): Tried {
  return { kind: "over", result: { outcome: "unknown", kind, error } };
}
