import {
  generateWAMessage,
  generateWAMessageFromContent,
  type AnyMessageContent,
  type BinaryNode,
  type MiscMessageGenerationOptions,
  type WAMessage,
} from "@whiskeysockets/baileys";
import { isGroupJid, isLidJid } from "#domain/jid.ts";
import { WazapiError } from "#domain/errors.ts";
import type { LiveSocket } from "../live-socket.ts";
import type { Payload } from "./payload.ts";

/** What is put around a message whatever its kind. */
export type Frame = Pick<MiscMessageGenerationOptions, "quoted" | "ephemeralExpiration">;

/** A message as it can be handed to the socket, also a second time. */
export interface Composed {
  readonly message: WAMessage;
  readonly nodes: readonly BinaryNode[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** Makes the message of a payload. Throws `not_connected`. */
export async function compose(
  { sock, own }: Pick<LiveSocket, "sock" | "own">,
  input: { readonly jid: string; readonly messageId: string; readonly payload: Payload; readonly frame: Frame },
): Promise<Composed> {
  const { jid, messageId, payload, frame } = input;
  const me = own();
  if (me === undefined) throw new WazapiError("not_connected");
  // A quote of our own names us as the chat does.
  const userJid = isLidJid(jid) ? (me.lid ?? me.id) : me.id;
  if ("message" in payload) {
    const message = generateWAMessageFromContent(jid, payload.message, { userJid, messageId, ...frame });
    return { message, nodes: payload.nodes ?? [], attributes: payload.attributes ?? {} };
  }
  const { content } = payload;
  const message = await generateWAMessage(jid, content, {
    userJid,
    upload: sock.waUploadToServer,
    getCallLink: sock.createCallLink,
    getProfilePicUrl: (of) => sock.profilePictureUrl(of),
    ...payload.options,
    ...frame,
    messageId,
  });
  return { message, ...besides(content) };
}

/** WhatsApp protocol: what the stanza says of some kinds of content, beside the ciphertext. */
function besides(content: AnyMessageContent): Pick<Composed, "nodes" | "attributes"> {
  if ("delete" in content) {
    const { remoteJid, fromMe } = content.delete;
    // 8: an admin of the group takes back what somebody else wrote.
    return { nodes: [], attributes: { edit: isGroupJid(remoteJid ?? "") && fromMe !== true ? "8" : "7" } };
  }
  if ("edit" in content && content.edit !== undefined && content.edit !== null) {
    return { nodes: [], attributes: { edit: "1" } };
  }
  if ("pin" in content) return { nodes: [], attributes: { edit: "2" } };
  if ("poll" in content) return { nodes: [{ tag: "meta", attrs: { polltype: "creation" } }], attributes: {} };
  if ("event" in content) return { nodes: [{ tag: "meta", attrs: { event_type: "creation" } }], attributes: {} };
  return { nodes: [], attributes: {} };
}
