import { proto } from "@whiskeysockets/baileys";
import type { MessageParent } from "#domain/captured.ts";
import { storable } from "./content/converted.ts";
import { numberOf } from "./numbers.ts";

const { AssociationType } = proto.MessageAssociation;

/** WhatsApp protocol: the second upload of a picture or film, in better quality, is a message of its own. */
const relations: Readonly<Record<number, string>> = {
  [AssociationType.MEDIA_ALBUM]: "album",
  [AssociationType.HD_VIDEO_DUAL_UPLOAD]: "hd",
  [AssociationType.HD_IMAGE_DUAL_UPLOAD]: "hd",
  [AssociationType.HEVC_VIDEO_DUAL_UPLOAD]: "hd",
};

/** The message that this one belongs to: its album, or itself in lower quality. */
export function parentOf(message: proto.IMessage): MessageParent | undefined {
  const association = message.messageContextInfo?.messageAssociation;
  const messageId = storable(association?.parentMessageKey?.id ?? "");
  if (messageId === "") return undefined;
  const type = numberOf(association?.associationType);
  const relation = relations[type] ?? (AssociationType[type] ?? `${type}`).toLowerCase();
  return { messageId, relation };
}
