import { proto } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import { encodeInfo } from "../content/wire-bytes.ts";
import { historyMessage } from "../history/history-sync.ts";
import { keyShareMessage } from "../history/key-share.ts";
import { userJid } from "../jid.ts";
import type { World } from "../world.ts";
import { newMessageId } from "./batch.ts";
import { conversationOf, messagesBefore } from "./conversations.ts";
import { writeLetter } from "./letter.ts";
import type { Arrival } from "./receive.ts";

const { Type } = proto.Message.ProtocolMessage;
const { PeerDataOperationRequestType: Request } = proto.Message;

/** The account's phone gets its copy of what a linked device sent. */
export function takeOwnCopy(world: World, arrival: Arrival, opened: proto.IMessage): void {
  const message = opened.deviceSentMessage?.message ?? opened;
  const { id, chat, attrs, addressing } = arrival;
  const { person } = arrival.from;
  person.memory.put({ id, chat, author: person.number, at: world.options.clock.now(), message, attrs, addressing });
  if (!chat.includes("@")) person.addressing.set(chat, addressing);
  world.changed();
}

/** The phone sends a linked device something only the two of them see. Remembered, so that it can be sent again. */
export async function sendPeerMessage(world: World, to: Companion, message: proto.IMessage): Promise<string> {
  const { person } = to;
  const phone = person.devices.get(0);
  const id = newMessageId();
  const attrs = { type: "protocol", category: "peer" };
  const { number } = person;
  person.memory.put({
    id,
    chat: number,
    author: number,
    at: world.options.clock.now(),
    message,
    attrs,
    addressing: "pn",
  });
  if (phone === undefined) return id;
  const envelope = { ...attrs, id, from: userJid(number, "pn"), notify: person.name, t: world.seconds() };
  await writeLetter(world, { from: phone, companion: to }, { addressing: "pn", attrs: envelope, message });
  return id;
}

/** The phone answers what a linked device asks it for. */
export async function takePeerMessage(world: World, arrival: Arrival, message: proto.IMessage): Promise<void> {
  const { from, id } = arrival;
  // Some clients wrap it as they wrap every message to an own device.
  const protocol = (message.deviceSentMessage?.message ?? message).protocolMessage;
  const { account } = from.person;
  if (protocol?.type === Type.APP_STATE_SYNC_KEY_REQUEST && account !== undefined) {
    await sendPeerMessage(world, from, keyShareMessage([account.appState.key], world.options.clock.now()));
  }
  const request = protocol?.peerDataOperationRequestMessage;
  const { phoneAnswers, phoneAnswerMs } = world.behaviour;
  if (!request || !phoneAnswers) return;
  if (phoneAnswerMs > 0) world.later(phoneAnswerMs, async () => answerRequest(world, { from, id }, request));
  else await answerRequest(world, { from, id }, request);
}

async function answerRequest(
  world: World,
  { from, id }: { readonly from: Companion; readonly id: string },
  request: proto.Message.IPeerDataOperationRequestMessage,
): Promise<void> {
  if (request.peerDataOperationRequestType === Request.PLACEHOLDER_MESSAGE_RESEND) {
    await resendPlaceholders(world, { to: from, session: id }, request);
  }
  if (request.peerDataOperationRequestType === Request.COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY) {
    await handOverSettings(world, { to: from, asked: id }, request.syncdCollectionFatalRecoveryRequest);
  }
  const wanted = request.historySyncOnDemandRequest;
  if (wanted) await sendOlderHistory(world, { to: from, session: id }, wanted);
}

const maxOnDemand = 500;

/** A part of a chat that the device lacks: what was before its oldest message. */
async function sendOlderHistory(
  world: World,
  at: { readonly to: Companion; readonly session: string },
  wanted: proto.Message.PeerDataOperationRequestMessage.IHistorySyncOnDemandRequest,
): Promise<void> {
  const { to, session } = at;
  const chat = world.directory.identify(wanted.chatJid ?? "")?.number ?? wanted.chatJid ?? "";
  const count = Math.min(wanted.onDemandMsgCount ?? maxOnDemand, maxOnDemand);
  const older = messagesBefore(to.person, chat, wanted.oldestMsgId ?? undefined).slice(-count);
  const history = await historyMessage(world, {
    syncType: proto.HistorySync.HistorySyncType.ON_DEMAND,
    conversations: [conversationOf(world, to.person, { chat, messages: older })],
  });
  const notification = history.protocolMessage?.historySyncNotification;
  if (notification) notification.peerDataRequestSessionId = session;
  await sendPeerMessage(world, to, history);
}

/** A message the device could not read, read by the phone. */
async function resendPlaceholders(
  world: World,
  at: { readonly to: Companion; readonly session: string },
  request: proto.Message.IPeerDataOperationRequestMessage,
): Promise<void> {
  const { to, session } = at;
  const results = (request.placeholderMessageResendRequest ?? []).flatMap(({ messageKey }) => {
    const known = to.person.memory.get(messageKey?.id ?? "");
    if (known === undefined || !messageKey) return [];
    const info = { key: messageKey, message: known.message, messageTimestamp: Math.floor(known.at / 1000) };
    const webMessageInfoBytes = encodeInfo(info);
    return [{ placeholderMessageResendResponse: { webMessageInfoBytes } }];
  });
  if (results.length === 0) return;
  await sendPeerMessage(world, to, {
    protocolMessage: {
      type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        stanzaId: session,
        peerDataOperationRequestType: Request.PLACEHOLDER_MESSAGE_RESEND,
        peerDataOperationResult: results,
      },
    },
  });
}

/** Settings whose copy at the server a device cannot verify, as the phone has them. */
async function handOverSettings(
  world: World,
  at: { readonly to: Companion; readonly asked: string },
  wanted: proto.Message.PeerDataOperationRequestMessage.ISyncDCollectionFatalRecoveryRequest | null | undefined,
): Promise<void> {
  const { to, asked } = at;
  const collectionSnapshot = to.person.account?.appState.recovery(wanted?.collectionName ?? "");
  if (collectionSnapshot === undefined) return;
  await sendPeerMessage(world, to, {
    protocolMessage: {
      type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationRequestType: Request.COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY,
        stanzaId: asked,
        peerDataOperationResult: [{ syncdSnapshotFatalRecoveryResponse: { collectionSnapshot, isCompressed: true } }],
      },
    },
  });
}
