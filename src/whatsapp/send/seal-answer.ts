import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** What is encrypted with the secret of the message it is about. */
export type AnswerUse = "Poll Vote" | "Event Response" | "Event Edit";

/** Whose answer to what. JIDs are without device, in the addressing of the question. */
export interface Answer {
  readonly use: AnswerUse;
  /** Id of the poll or event. */
  readonly messageId: string;
  readonly authorJid: string;
  readonly answererJid: string;
  readonly secret: Uint8Array;
}

/** The parts of an encrypted answer as they stand in the message. */
export interface SealedAnswer {
  readonly encPayload: Uint8Array;
  readonly encIv: Uint8Array;
}

/** Encrypts what is said about a poll or an event (the counterpart of Baileys' `decryptPollVote`). */
export function sealAnswer(answer: Answer, plain: Uint8Array): SealedAnswer {
  const encIv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyOf(answer), encIv);
  cipher.setAAD(boundTo(answer));
  return { encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]), encIv };
}

/** Decrypts it. Throws when it is not by this person about this message. */
export function openAnswer(answer: Answer, { encPayload, encIv }: SealedAnswer): Uint8Array {
  const end = encPayload.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", keyOf(answer), encIv);
  decipher.setAAD(boundTo(answer));
  decipher.setAuthTag(encPayload.subarray(end));
  return Buffer.concat([decipher.update(encPayload.subarray(0, end)), decipher.final()]);
}

const tagBytes = 16;

/** WhatsApp protocol: an HKDF of the question's secret over (message id, author, answerer, use). */
function keyOf({ use, messageId, authorJid, answererJid, secret }: Answer): Uint8Array {
  const info = [messageId, authorJid, answererJid, use].join("");
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(32), info, 32));
}

/** WhatsApp protocol (whatsmeow's msgsecret.go): votes and responses name question and answerer again, edits do not. */
function boundTo({ use, messageId, answererJid }: Answer): Buffer {
  return Buffer.from(use === "Event Edit" ? "" : `${messageId}\0${answererJid}`);
}
