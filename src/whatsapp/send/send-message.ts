import {
  generateWAMessageFromContent,
  type MiscMessageGenerationOptions,
  proto,
  type WAMessage,
} from "@whiskeysockets/baileys";
import type { Outgoing } from "#domain/content.ts";
import { errorTable, isWazapiError, WazapiError } from "#domain/errors.ts";
import { canonicalJid, isGroupJid, isStatusJid } from "#domain/jid.ts";
import type { SendResult } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import type { Ack } from "../acks.ts";
import { ackErrorOf } from "../addressing/ack-errors.ts";
import type { LiveSocket } from "../live-socket.ts";
import { resolveRecipient, type RecipientDeps } from "../recipient.ts";
import { type Payload, type PayloadDeps, payloadOf } from "./payload.ts";
import { fileTravelMs } from "./files-travel.ts";
import { findQuote, type Quote } from "./quote.ts";
import { statusAudience } from "./status-audience.ts";

/** What a send works with. */
export interface SendDeps extends RecipientDeps, PayloadDeps {
  readonly clock: Clock;
}

/** One message to be sent on this socket. */
export interface SendInput {
  readonly instanceId: string;
  readonly socket: LiveSocket;
  readonly messageId: string;
  readonly outgoing: Outgoing;
  readonly ackTimeoutMs: number;
}

/**
 * Sends one message and waits until the server has said what it did with it; `ackTimeoutMs` covers everything from the
 * look-up of the recipient to the ack, except for the time that files need to get there. Giving up does not take the
 * message back: it may still arrive, under the same id as its next try, and the recipient shows it once.
 */
export async function sendMessage(deps: SendDeps, input: SendInput, signal: AbortSignal): Promise<SendResult> {
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
  try {
    let written = false;
    const sending = relay(deps, { ...input, built: () => built.abort() }, either).then((message) => {
      built.abort();
      written = true;
      return message;
    });
    // Written or not, the first of these decides; a late failure of the write has nobody left to tell.
    sending.catch(() => {});
    const outcome = await Promise.race([
      timeout,
      closed.then(async (received) => (received === "closed" ? received : { received, message: await sending })),
      sending.then(async (message) => ({ received: await closed, message })),
    ]);
    // Nothing has left while a question in front of it waits for its answer: that is no silence about this message.
    if (outcome === "timeout") return unknown(written ? "timeout" : "transient", errorTable.send_timeout.message);
    if (outcome === "closed" || outcome.received === "closed") return unknown("disconnected", "connection closed");
    return resultOf(deps.clock, { ack: outcome.received, message: outcome.message, input });
  } catch (error) {
    return failureOf(error, input);
  } finally {
    over.abort();
    ack.giveUp();
  }
}

/** A post is encrypted for each of thousands of people, many of whom nobody has written to before. */
const statusMs = 120_000;

/** Hands the message to the socket; resolves once it is written, which says nothing about the server. */
async function relay(
  deps: SendDeps,
  input: SendInput & { readonly built: () => void },
  signal: AbortSignal,
): Promise<WAMessage> {
  const { instanceId, socket, messageId } = input;
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
  const jid = await resolveRecipient(deps, { instanceId, socket, to: answersInPrivate ? quote.author : chat });
  const payload = await payloadOf(deps, { instanceId, socket, jid, content, options }, signal);
  const audience = isStatusJid(jid) ? { statusJidList: await statusAudience(deps, { instanceId, socket }) } : {};
  if (!isStatusJid(jid)) input.built();
  // An upload cannot be called back: what was given up meanwhile must not leave after all.
  signal.throwIfAborted();
  const { disappearsAfterSeconds } = options;
  const frame: Frame = {
    ...(quote.quoted === undefined ? {} : { quoted: quote.quoted }),
    ...(disappearsAfterSeconds === undefined ? {} : { ephemeralExpiration: disappearsAfterSeconds }),
  };
  const send = async (): Promise<WAMessage> => {
    if ("message" in payload) return await relayAsIs(socket, { jid, messageId, payload, frame, audience });
    const message = await socket.sock.sendMessage(jid, payload.content, {
      ...payload.options,
      ...frame,
      ...audience,
      messageId,
    });
    if (message === undefined) throw new WazapiError("internal", { message: "nothing was sent" });
    return message;
  };
  return await socket.pastStaleDevices({ jid, ...audience }, send);
}

/** What is put around a message whatever its kind. */
type Frame = Pick<MiscMessageGenerationOptions, "quoted" | "ephemeralExpiration">;

async function relayAsIs(
  { sock, own }: LiveSocket,
  input: {
    readonly jid: string;
    readonly messageId: string;
    readonly payload: Extract<Payload, { readonly message: unknown }>;
    readonly frame: Frame;
    readonly audience: { readonly statusJidList?: string[] };
  },
): Promise<WAMessage> {
  const { jid, messageId, payload, frame, audience } = input;
  const userJid = own()?.id;
  if (userJid === undefined) throw new WazapiError("not_connected");
  const message = generateWAMessageFromContent(jid, payload.message, { userJid, messageId, ...frame });
  await sock.relayMessage(jid, message.message ?? {}, {
    ...audience,
    messageId,
    additionalNodes: [...(payload.nodes ?? [])],
    additionalAttributes: { ...payload.attributes },
  });
  return message;
}

function resultOf(
  clock: Clock,
  sent: { readonly ack: Ack; readonly message: WAMessage; readonly input: SendInput },
): SendResult {
  const { ack, message, input } = sent;
  if (ack.code !== undefined) return refusal(ack.code);
  return {
    outcome: "acked",
    at: clock.now(),
    chatId: canonicalJid(message.key.remoteJid ?? input.outgoing.to),
    senderId: canonicalJid(input.socket.own()?.id ?? ""),
    type: input.outgoing.content.kind,
    proto: proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(message)).finish(),
  };
}

/** The result of a refusal that nothing helped against. */
function refusal(code: number): SendResult {
  switch (ackErrorOf(code).otherwise) {
    case "later":
      return { ...unknown("transient", errorTable.send_failed.message), code };
    case "restricted":
      return { outcome: "rejected", kind: "restricted", error: errorTable.send_restricted.message, code };
    case "final":
      return { outcome: "rejected", kind: "permanent", error: errorTable.send_rejected.message, code };
  }
}

function failureOf(error: unknown, input: SendInput): SendResult {
  if (isWazapiError(error)) {
    if (error.code === "not_connected" || error.code === "lease_lost") return unknown("disconnected", error.message);
    return errorTable[error.code].retryable
      ? unknown("transient", error.message)
      : { outcome: "rejected", kind: "permanent", error: error.message };
  }
  const text = error instanceof Error ? error.message : String(error);
  if (!input.socket.sock.ws.isOpen) return unknown("disconnected", text);
  // A query that WhatsApp refused carries its code as data; about a group these say that we may not write there.
  const code: unknown = Object(error).data;
  if (isGroupJid(input.outgoing.to) && typeof code === "number" && [401, 403, 404, 406].includes(code)) {
    return { outcome: "rejected", kind: "permanent", error: errorTable.send_rejected.message, code };
  }
  return unknown("transient", text);
}

function unknown(
  kind: "disconnected" | "timeout" | "transient",
  error: string,
): Extract<SendResult, { outcome: "unknown" }> {
  return { outcome: "unknown", kind, error };
}
