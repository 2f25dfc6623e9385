import { randomBytes } from "node:crypto";
import type { proto } from "@whiskeysockets/baileys";
import type { KnownMessage } from "#sandbox/content-codec.ts";

/** Who writes, and whom to. */
export const sender = "5511911112222@s.whatsapp.net";
export const peer = "5511933334444@s.whatsapp.net";
/** The secret of every poll and event in the chat. */
export const secret = randomBytes(32);

/** A message of the chat, by the peer unless said otherwise. */
function known(id: string, message: proto.IMessage, fromMe = false): KnownMessage {
  return { key: { remoteJid: peer, fromMe, id }, authorJid: fromMe ? sender : peer, message };
}

const poll = { name: "Lunch?", options: [{ optionName: "Pizza" }, { optionName: "Salad" }], selectableOptionsCount: 0 };
/** What was said before. */
export const chat: readonly KnownMessage[] = [
  known("THEIRS", { conversation: "hello" }),
  known("MINE", { conversation: "helo" }, true),
  known(
    "MINE-IMAGE",
    { viewOnceMessageV2: { message: { imageMessage: { caption: "old", mimetype: "image/png" } } } },
    true,
  ),
  known("STICKER", { stickerMessage: {} }, true),
  known("POLL", { pollCreationMessage: poll, messageContextInfo: { messageSecret: secret } }),
  known("ONE-POLL", {
    pollCreationMessageV3: { ...poll, selectableOptionsCount: 1 },
    messageContextInfo: { messageSecret: secret },
  }),
  known("BARE-POLL", { pollCreationMessage: poll }),
  known("EVENT", { eventMessage: { name: "Party" }, messageContextInfo: { messageSecret: secret } }),
  known("BUTTONS", { buttonsMessage: { contentText: "?" } }),
  known("TEMPLATE", { templateMessage: {} }),
  known("FLOW", {
    interactiveMessage: {
      body: { text: "?" },
      nativeFlowMessage: { buttons: [{ name: "quick_reply", buttonParamsJson: '{"display_text":"Yes","id":"1"}' }] },
    },
  }),
  known("LIST", {
    listMessage: {
      description: "?",
      sections: [{ title: "All", rows: [{ rowId: "r1", title: "Row", description: "the first" }] }],
    },
  }),
];
