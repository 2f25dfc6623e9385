import type { TextContent } from "#domain/content.ts";
import { mentions } from "./mentions.ts";
import type { Payload, PayloadInput } from "./payload.ts";

/** A text with its mentions, or the replacement of an earlier one. */
export function textPayload({ jid, content, options }: PayloadInput<TextContent>): Payload {
  const { backgroundArgb, font } = content.style ?? {};
  return {
    options: {
      ...(backgroundArgb === undefined ? {} : { backgroundColor: `#${hex(backgroundArgb)}` }),
      ...(font === undefined ? {} : { font }),
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
