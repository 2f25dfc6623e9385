import { deflateSync } from "node:zlib";
import { proto } from "@whiskeysockets/baileys";
import type { MediaServer } from "../content-codec.ts";
import { encodeHistory } from "../content/wire-bytes.ts";
import { putEncrypted } from "./encrypted-file.ts";

/** Up to this many compressed bytes the first history travels inside its message. */
const maxInlineBytes = 64 * 1024;

const { INITIAL_BOOTSTRAP } = proto.HistorySync.HistorySyncType;

const Noticed = proto.Message.HistorySyncType;

/** The kinds of the payload as its notification calls them; the protocol declares them twice. */
const noticed = {
  [INITIAL_BOOTSTRAP]: Noticed.INITIAL_BOOTSTRAP,
  [proto.HistorySync.HistorySyncType.INITIAL_STATUS_V3]: Noticed.INITIAL_STATUS_V3,
  [proto.HistorySync.HistorySyncType.FULL]: Noticed.FULL,
  [proto.HistorySync.HistorySyncType.RECENT]: Noticed.RECENT,
  [proto.HistorySync.HistorySyncType.PUSH_NAME]: Noticed.PUSH_NAME,
  [proto.HistorySync.HistorySyncType.NON_BLOCKING_DATA]: Noticed.NON_BLOCKING_DATA,
  [proto.HistorySync.HistorySyncType.ON_DEMAND]: Noticed.ON_DEMAND,
} as const satisfies Record<proto.HistorySync.HistorySyncType, proto.Message.HistorySyncType>;

/**
 * The peer message by which a phone sends history. Only the first one may travel inside the message, and only when it is
 * small; everything else is a file on the media server.
 */
export async function historyMessage(
  deps: { readonly media: MediaServer },
  history: proto.IHistorySync,
): Promise<proto.IMessage> {
  const { syncType, chunkOrder, progress } = history;
  const kind = syncType ?? INITIAL_BOOTSTRAP;
  const compressed = deflateSync(encodeHistory(history));
  const isInline = kind === INITIAL_BOOTSTRAP && compressed.length <= maxInlineBytes;
  const where = isInline
    ? { initialHistBootstrapInlinePayload: compressed }
    : await putEncrypted(deps.media, compressed, "md-msg-hist");
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: {
        ...where,
        syncType: noticed[kind],
        chunkOrder: chunkOrder ?? 1,
        progress: progress ?? 100,
      },
    },
  };
}

/** The history right after linking: who is who, and the chats, newest first. Jids are without device. */
export function initialHistory(input: {
  readonly contacts: readonly { readonly jid: string; readonly lid: string; readonly name: string }[];
  readonly conversations?: readonly proto.IConversation[];
}): proto.IHistorySync {
  const { contacts, conversations } = input;
  return {
    syncType: INITIAL_BOOTSTRAP,
    chunkOrder: 1,
    progress: 100,
    conversations: [...(conversations ?? [])],
    pushnames: contacts.map(({ jid, name }) => ({ id: jid, pushname: name })),
    phoneNumberToLidMappings: contacts.map(({ jid, lid }) => ({ pnJid: jid, lidJid: lid })),
  };
}
