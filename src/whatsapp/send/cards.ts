import { prepareWAMessageMedia, proto } from "@whiskeysockets/baileys";
import type { CardContent, ContactsContent, LinkContent, LocationContent } from "#domain/outgoing/cards.ts";
import type { OutgoingFile } from "#domain/outgoing/files.ts";
import type { LiveSocket } from "../live-socket.ts";
import { newsletterAdminInvitePayload } from "./cards-invite.ts";
import { productPayload } from "./cards-product.ts";
import { uploadIdleMs } from "./files-upload.ts";
import { contextOf } from "./mentions.ts";
import type { BuildPayload, PayloadTable } from "./payload.ts";

const location: BuildPayload<LocationContent> = (_deps, { content, options }) => {
  const { latitude, longitude, title, address } = content;
  return {
    message: {
      locationMessage: {
        degreesLatitude: latitude,
        degreesLongitude: longitude,
        ...(title !== undefined && { name: title }),
        ...(address !== undefined && { address }),
        ...contextOf(options),
      },
    },
  };
};

const contacts: BuildPayload<ContactsContent> = (_deps, { content, options }) => {
  const cards = content.cards.map(({ displayName, vCard }) => ({ displayName, vcard: vCard }));
  const [only, ...more] = cards;
  if (only !== undefined && more.length === 0) {
    return { message: { contactMessage: { ...only, ...contextOf(options) } } };
  }
  const displayName = `${cards.length} contacts`;
  return { message: { contactsArrayMessage: { displayName, contacts: cards, ...contextOf(options) } } };
};

const link: BuildPayload<LinkContent> = async (deps, { instanceId, socket, jid, content, options }, signal) => {
  const { text, url, title, description, image, isLarge } = content;
  const thumbnail = image?.facts.thumbnail;
  const isUploaded = image !== undefined && isLarge === true;
  const { path } = isUploaded
    ? await deps.files.open({ instanceId, kind: "image", file: image }, signal)
    : { path: undefined };
  return {
    message: {
      extendedTextMessage: {
        text,
        matchedText: url,
        previewType: proto.Message.ExtendedTextMessage.PreviewType.NONE,
        ...(title !== undefined && { title }),
        ...(description !== undefined && { description }),
        ...(thumbnail !== undefined && { jpegThumbnail: Buffer.from(thumbnail, "base64") }),
        ...(isUploaded && path !== undefined && (await largePicture(socket, { path, image, jid }))),
        ...contextOf(options),
      },
    },
  };
};

/** WhatsApp protocol: the picture of a large preview is a file with keys of its own use. */
async function largePicture(
  { sock }: LiveSocket,
  input: { readonly path: string; readonly image: OutgoingFile; readonly jid: string },
): Promise<proto.Message.IExtendedTextMessage> {
  const { path, image, jid } = input;
  const { imageMessage } = await prepareWAMessageMedia(
    { image: { url: path }, jpegThumbnail: "" },
    { upload: sock.waUploadToServer, mediaTypeOverride: "thumbnail-link", mediaUploadTimeoutMs: uploadIdleMs, jid },
  );
  const { directPath, mediaKey, mediaKeyTimestamp, fileSha256, fileEncSha256 } = imageMessage ?? {};
  return {
    ...(directPath && { thumbnailDirectPath: directPath }),
    ...(mediaKey && { mediaKey }),
    ...(mediaKeyTimestamp && { mediaKeyTimestamp }),
    ...(fileSha256 && { thumbnailSha256: fileSha256 }),
    ...(fileEncSha256 && { thumbnailEncSha256: fileEncSha256 }),
    ...(image.facts.width !== undefined && { thumbnailWidth: image.facts.width }),
    ...(image.facts.height !== undefined && { thumbnailHeight: image.facts.height }),
  };
}

/** How everything that points at somebody or something becomes a message. */
export const cardPayloads: PayloadTable<CardContent> = {
  link,
  location,
  contacts,
  product: productPayload,
  newsletterAdminInvite: newsletterAdminInvitePayload,
};
