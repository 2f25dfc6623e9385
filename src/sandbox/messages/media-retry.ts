import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import { bytesOf, childOf, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { jidOf } from "./envelope.ts";

/** WhatsApp protocol: the tag at the end of AES-GCM. */
const tagBytes = 16;

const { SUCCESS, NOT_FOUND, GENERAL_ERROR } = proto.MediaRetryNotification.ResultType;

/** A file inside a message. */
interface RememberedFile {
  directPath: string;
  readonly mediaKey: Uint8Array;
}

/**
 * A client could not get a file of a message from the media servers: its own phone uploads the file again, if it knows
 * the message and still has the file, and says where it is now. The fault `upload-fail` is one of the phone, too: with
 * code 404 it has lost the file, otherwise it cannot do it now.
 */
export async function uploadAgain(world: World, from: Companion, node: BinaryNode): Promise<void> {
  if (!world.behaviour.phoneAnswers) return;
  const messageId = node.attrs["id"] ?? "";
  const request = childOf(node, "encrypt");
  const [sealed, iv] = [bytesOf(childOf(request, "enc_p")), bytesOf(childOf(request, "enc_iv"))];
  const remembered = from.person.memory.get(messageId);
  // The key that opens the request is that of the file it is about.
  const file =
    sealed && iv && remembered && filesIn(remembered.message).find((one) => opens(one, { messageId, sealed, iv }));
  const kept = file && world.media.open(file.directPath);
  const rmr = stanza("rmr", { ...childOf(node, "rmr")?.attrs });
  const attrs = { id: messageId, type: "mediaretry", from: jidOf(from.person, "pn"), t: world.seconds() };
  const fault = world.faults.match("upload-fail", { number: from.person.number });
  if (file === undefined || kept === undefined || fault !== undefined) {
    const code = fault === undefined || fault.code === 404 ? NOT_FOUND : GENERAL_ERROR;
    world.post(from, stanza("notification", attrs, [rmr, stanza("error", { code })]));
    return;
  }
  const { directPath } = await world.media.put(kept.bytes);
  file.directPath = directPath;
  const answer = proto.MediaRetryNotification.encode({ stanzaId: messageId, directPath, result: SUCCESS }).finish();
  world.post(from, stanza("notification", attrs, [rmr, sealedNode(file, { messageId, answer })]));
}

/** Every file a message names, however deep. */
function filesIn(message: unknown): readonly RememberedFile[] {
  if (typeof message !== "object" || message === null || message instanceof Uint8Array) return [];
  return [...(isFile(message) ? [message] : []), ...Object.values(message).flatMap(filesIn)];
}

function isFile(part: object): part is RememberedFile {
  const { mediaKey, directPath }: Partial<Record<keyof RememberedFile, unknown>> = part;
  return mediaKey instanceof Uint8Array && mediaKey.length > 0 && typeof directPath === "string" && directPath !== "";
}

function opens(
  { mediaKey }: RememberedFile,
  request: { readonly messageId: string; readonly sealed: Uint8Array; readonly iv: Uint8Array },
): boolean {
  const { messageId, sealed, iv } = request;
  try {
    const decipher = createDecipheriv("aes-256-gcm", retryKey(mediaKey), iv);
    decipher.setAAD(Buffer.from(messageId)).setAuthTag(sealed.subarray(-tagBytes));
    decipher.update(sealed.subarray(0, -tagBytes));
    decipher.final();
    return true;
  } catch {
    // Sealed with another file's key.
    return false;
  }
}

function sealedNode(
  { mediaKey }: RememberedFile,
  { messageId, answer }: { readonly messageId: string; readonly answer: Uint8Array },
): BinaryNode {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", retryKey(mediaKey), iv).setAAD(Buffer.from(messageId));
  const sealed = Buffer.concat([cipher.update(answer), cipher.final(), cipher.getAuthTag()]);
  return stanza("encrypt", {}, [stanza("enc_p", {}, sealed), stanza("enc_iv", {}, iv)]);
}

/** WhatsApp protocol: questions and answers about a file are sealed with a key made of its media key. */
function retryKey(mediaKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", mediaKey, new Uint8Array(0), "WhatsApp Media Retry Notification", 32));
}
