import { normalizeMessageContent, type proto } from "@whiskeysockets/baileys";

/** WhatsApp protocol: attribute `type` of a message stanza, by what the message holds once its wrappers are off. */
export function stanzaTypeOf(message: proto.IMessage): string {
  const inner = normalizeMessageContent(message) ?? message;
  const found = stanzaTypes.find(([, fields]) =>
    fields.some((field) => inner[field] !== undefined && inner[field] !== null),
  );
  return found?.[0] ?? "text";
}

const stanzaTypes: readonly (readonly [string, readonly (keyof proto.IMessage)[]])[] = [
  ["reaction", ["reactionMessage", "encReactionMessage"]],
  [
    "poll",
    [
      "pollCreationMessage",
      "pollCreationMessageV2",
      "pollCreationMessageV3",
      "pollCreationMessageV5",
      "pollUpdateMessage",
    ],
  ],
  ["event", ["eventMessage", "encEventResponseMessage"]],
  [
    "media",
    [
      "imageMessage",
      "videoMessage",
      "ptvMessage",
      "audioMessage",
      "documentMessage",
      "stickerMessage",
      "contactMessage",
      "contactsArrayMessage",
      "locationMessage",
      "liveLocationMessage",
      "listMessage",
      "listResponseMessage",
      "buttonsResponseMessage",
      "orderMessage",
      "productMessage",
      "interactiveResponseMessage",
      "groupInviteMessage",
    ],
  ],
];
