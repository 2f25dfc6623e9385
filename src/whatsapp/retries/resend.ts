import {
  encodeSignedDeviceIdentity,
  encodeWAMessage,
  extractE2ESessionFromRetryReceipt,
  type BinaryNode,
  type proto,
  type WASocket,
} from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { AuthState } from "../auth-state.ts";
import { tokenNodes } from "../restriction/tokens.ts";
import type { ResendContent } from "./resend-content.ts";
import type { RetryRequest } from "./retry-request.ts";
import { stanzaKind } from "./stanza-kind.ts";

/** What sending again works with. */
export interface ResendDeps {
  readonly sock: WASocket;
  readonly auth: Pick<AuthState, "creds">;
}

/**
 * Opens a session with the asking device: with the keys it sent along, else with some of the server's. Rejects when there
 * are none.
 */
export async function renewSession({ sock }: ResendDeps, { node, asker }: RetryRequest): Promise<void> {
  const bundle = extractE2ESessionFromRetryReceipt(node);
  if (bundle === null) return void (await sock.assertSessions([asker], true));
  const { preKey, ...session } = bundle;
  await sock.signalRepository.injectE2ESession({
    jid: asker,
    session: { ...session, ...(preKey !== undefined && { preKey }) },
  });
}

/**
 * Sends a message again, to the one device that asked (or was left out) and nobody else, with the session there is. Resolves once it is
 * written.
 *
 * WhatsApp protocol: `<message to id type [participant] [recipient] [edit] t><enc v type count/>…</message>`, one
 * ciphertext; in a chat of many it carries the sender key beside the content. Baileys' own way adds a second ciphertext
 * of the same content, which advances the session twice, so the stanza is made here.
 */
export async function resend(
  deps: ResendDeps,
  request: Omit<RetryRequest, "node" | "ids">,
  what: ResendContent & { readonly messageId: string },
): Promise<void> {
  const { sock, auth } = deps;
  const { asker, chat, isShared, isOwn, count } = request;
  const { messageId, at, message } = what;
  const meId = auth.creds.me?.id;
  if (meId === undefined || auth.creds.account === undefined) throw new WazapiError("not_connected");
  const { account } = auth.creds;
  const kind = stanzaKind(message);
  // The lock of Baileys' own sends: a ratchet must not move under another one's feet.
  await sock.authState.keys.transaction(async () => {
    const body = isShared ? await withSenderKey(deps, chat, message) : isOwn ? ownCopy(chat, message) : message;
    const { type, ciphertext } = await sock.signalRepository.encryptMessage({
      jid: asker,
      data: encodeWAMessage(body),
    });
    const enc: BinaryNode = {
      tag: "enc",
      attrs: { v: "2", type, count: String(count), ...kind.enc },
      content: ciphertext,
    };
    const identity: BinaryNode = {
      tag: "device-identity",
      attrs: {},
      content: encodeSignedDeviceIdentity(account, true),
    };
    const attrs = {
      ...(isShared ? { to: chat, participant: asker } : { to: asker, device_fanout: "false" }),
      ...(isOwn && !isShared && { recipient: chat }),
      id: messageId,
      t: String(Math.floor(at / 1000)),
      ...kind.attrs,
    };
    const tokens = isShared || isOwn ? [] : await tokenNodes(sock, asker);
    await sock.sendNode({ tag: "message", attrs, content: [enc, ...(type === "pkmsg" ? [identity] : []), ...tokens] });
  }, meId);
}

/** The content with our sender key as it stands, so that what follows in the chat can be read too. */
async function withSenderKey(
  { sock, auth }: ResendDeps,
  group: string,
  message: proto.IMessage,
): Promise<proto.IMessage> {
  const { id, lid } = auth.creds.me ?? {};
  for (const meId of [lid, id]) {
    if (meId === undefined || !(await sock.signalRepository.hasSenderKey({ group, meId }))) continue;
    const key = await sock.signalRepository.getSenderKeyDistributionMessage({ group, meId });
    return {
      ...message,
      senderKeyDistributionMessage: { groupId: group, axolotlSenderKeyDistributionMessage: key },
    };
  }
  return message;
}

/** WhatsApp protocol: what goes to a device of our own says which chat it belongs to. */
function ownCopy(chat: string, message: proto.IMessage): proto.IMessage {
  const { messageContextInfo } = message;
  return {
    deviceSentMessage: { destinationJid: chat, message },
    ...(messageContextInfo && { messageContextInfo }),
  };
}
