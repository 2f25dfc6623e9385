import type { proto } from "@whiskeysockets/baileys";
import { type Converted, given, textOr } from "./converted.ts";
import { thumbnailOf } from "./files.ts";

/** Text with the preview of a link. */
export function convertExtendedText(message: proto.Message.IExtendedTextMessage): Converted {
  const media = thumbnailOf(message.jpegThumbnail);
  const ad = message.contextInfo?.externalAdReply;
  return {
    content: {
      type: "text",
      text: textOr(message.text),
      ...given("title", message.title ?? ad?.title),
      ...given("description", message.description ?? ad?.body),
      ...given("url", message.matchedText ?? ad?.sourceUrl),
      ...(media.length === 0 ? {} : { thumbnail: true }),
    },
    ...(media.length === 0 ? {} : { media }),
  };
}

/** The invitation to a group: partners read the link out of `text.url`. */
export function convertGroupInvite(message: proto.Message.IGroupInviteMessage): Converted {
  const media = thumbnailOf(message.jpegThumbnail);
  return {
    content: {
      type: "text",
      text: textOr(message.caption),
      ...given("title", message.groupName),
      url: `https://chat.whatsapp.com/${textOr(message.inviteCode)}`,
      ...(media.length === 0 ? {} : { thumbnail: true }),
    },
    ...(media.length === 0 ? {} : { media }),
  };
}
