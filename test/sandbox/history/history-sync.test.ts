import { inflateSync } from "node:zlib";
import { processHistoryMessage, proto } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { historyMessage, initialHistory } from "#sandbox/history/history-sync.ts";
import { keyShareMessage } from "#sandbox/history/key-share.ts";
import { decryptMedia } from "#sandbox/media/media-crypto.ts";
import { memoryMedia } from "../memory-media.ts";

const contacts = [{ jid: "5511900000001@s.whatsapp.net", lid: "91@lid", name: "Ana" }];
const chat = (n: number, text: string): proto.IConversation => ({
  id: `55119000${n}@s.whatsapp.net`,
  messages: [
    {
      message: {
        key: { remoteJid: `55119000${n}@s.whatsapp.net`, fromMe: false, id: `H${n}` },
        message: { conversation: text },
        messageTimestamp: 1_700_000_000,
      },
    },
  ],
});

const onWire = (message: proto.IMessage): proto.Message.IHistorySyncNotification =>
  proto.Message.decode(proto.Message.encode(message).finish()).protocolMessage!.historySyncNotification!;

describe("history", () => {
  it("a small first history travels inside its message", async () => {
    const history = initialHistory({ contacts, conversations: [chat(1, "old")] });
    const notification = onWire(await historyMessage({ media: memoryMedia() }, history));
    expect(notification.directPath ?? "").toBe("");
    const read = processHistoryMessage(
      proto.HistorySync.decode(inflateSync(notification.initialHistBootstrapInlinePayload!)),
    );
    expect(read.lidPnMappings).toEqual([{ lid: "91@lid", pn: "5511900000001@s.whatsapp.net" }]);
    expect(read.messages.map(({ message }) => message?.conversation)).toEqual(["old"]);
    expect(read.chats).toHaveLength(1);
  });

  it.each([
    [
      "large",
      {
        ...initialHistory({ contacts }),
        conversations: Array.from({ length: 9000 }, (_, n) => chat(n, `${n * 7919}`)),
      },
    ],
    [
      "later",
      { ...initialHistory({ contacts }), syncType: proto.HistorySync.HistorySyncType.PUSH_NAME, chunkOrder: 2 },
    ],
  ])("a %s one is a file on the media server", async (_which, history) => {
    const media = memoryMedia();
    const notification = onWire(await historyMessage({ media }, history));
    expect(notification.initialHistBootstrapInlinePayload?.length ?? 0).toBe(0);
    expect(notification.syncType).toBe(history.syncType);
    expect(notification.chunkOrder).toBe(history.chunkOrder);
    const file = (await media.get(notification.directPath!))!;
    const pieces: Uint8Array[] = [];
    for await (const piece of decryptMedia([file], "md-msg-hist", notification.mediaKey!)) pieces.push(piece);
    const read = proto.HistorySync.decode(inflateSync(Buffer.concat(pieces)));
    expect(read.conversations).toHaveLength(history.conversations!.length);
    expect(read.pushnames).toMatchObject([{ pushname: "Ana" }]);
  });

  it("a key share names its keys", () => {
    const message = keyShareMessage([{ id: Buffer.from("id"), data: Buffer.alloc(32, 1) }], 1_700_000_000_000);
    const { protocolMessage } = proto.Message.decode(proto.Message.encode(message).finish());
    expect(protocolMessage!.type).toBe(proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE);
    const [key] = protocolMessage!.appStateSyncKeyShare!.keys!;
    expect(Buffer.from(key!.keyId!.keyId!).toString()).toBe("id");
    expect(key!.keyData!.keyData).toHaveLength(32);
  });
});
