import { proto } from "@whiskeysockets/baileys";
import type { TextContent } from "#domain/content.ts";
import { mentions } from "./mentions.ts";
import type { Payload, PayloadInput } from "./payload.ts";

const { FontType } = proto.Message.ExtendedTextMessage;

/** WhatsApp protocol: three of the six fonts that callers count were taken away; the ones that came have other numbers. */
const fonts: readonly number[] = [
  FontType.SYSTEM,
  FontType.SYSTEM_TEXT,
  FontType.FB_SCRIPT,
  FontType.SYSTEM_BOLD,
  FontType.MORNINGBREEZE_REGULAR,
  FontType.CALISTOGA_REGULAR,
];

/** A text with its mentions, or the replacement of an earlier one. */
export function textPayload({ jid, content, options }: PayloadInput<TextContent>): Payload {
  const { backgroundArgb, font } = content.style ?? {};
  return {
    options: {
      ...(backgroundArgb === undefined ? {} : { backgroundColor: `#${hex(backgroundArgb)}` }),
      ...(font === undefined ? {} : { font: fonts[font] ?? FontType.SYSTEM }),
    },
    content: {
      text: content.text,
      // Without this Baileys would fetch the first link of the text from here, whatever address it names.
      linkPreview: null,
      ...mentions(options),
      ...(content.editMessageId === undefined
        ? {}
        : { edit: { remoteJid: jid, fromMe: true, id: content.editMessageId } }),
    },
  };
}

/** ARGB as eight digits: the only form of a colour that Baileys reads whole. */
function hex(argb: number): string {
  return argb.toString(16).padStart(8, "0");
}
