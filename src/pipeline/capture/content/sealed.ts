import { createDecipheriv, hkdfSync } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { addedOption, decodedMessage } from "../kept-fields.ts";
import { numberOf } from "../numbers.ts";
import { contentName, unwrap } from "../unwrap.ts";
import { type ContentContext, textOr } from "./converted.ts";
import { type Answered, decryptedBy, fromOurSide, secretOf } from "./secrets.ts";
import { pollOf } from "./social.ts";

/** What came of a message that only holders of another message's secret can read. */
export interface Unsealed {
  /** The message whose secret it takes. */
  readonly targetId: string;
  /** The same as people said it before such things were sealed; undefined when it cannot be opened. */
  readonly message?: proto.IMessage;
  /** The other message is not known here; it may come yet. */
  readonly awaitsTarget: boolean;
}

type Use = "Message Edit" | "Event Edit" | "Poll Edit" | "Poll Add Option" | "Enc Reaction" | "Enc Comment";

interface Sealed {
  readonly use: Use;
  readonly key: proto.IMessageKey | null | undefined;
  readonly encPayload: Uint8Array | null | undefined;
  readonly encIv: Uint8Array | null | undefined;
}

/**
 * Opens a sealed edit, reaction or comment; undefined for any other message. WhatsApp protocol (whatsmeow's
 * msgsecret.go, Baileys #2743): AES-256-GCM without additional data, the key an HKDF of the other message's secret over
 * (its id, its author, who speaks now, the use); people go by number or by LID, nobody says by which.
 */
export async function unsealed(message: proto.IMessage, context: ContentContext): Promise<Unsealed | undefined> {
  const sealed = sealedIn(message);
  if (sealed === undefined) return undefined;
  const targetId = textOr(sealed.key?.id);
  const answered = await secretOf(targetId, context);
  if (answered === undefined) return { targetId, awaitsTarget: (await context.stored(targetId)) === undefined };
  const plain = await opened(sealed, answered, context);
  const said = plain === undefined ? undefined : saidBy(sealed, { plain, answered, context });
  return { targetId, awaitsTarget: false, ...(said === undefined ? {} : { message: said }) };
}

/** The message whose secret opens this one; undefined for what is not sealed. */
export function sealedFor(message: proto.IMessage): string | undefined {
  const sealed = sealedIn(message);
  return sealed === undefined ? undefined : textOr(sealed.key?.id);
}

// WhatsApp protocol: `SecretEncType`; 3, a scheduled message, is not opened by any client known to us.
const uses: Readonly<Record<number, Use>> = {
  1: "Event Edit",
  2: "Message Edit",
  4: "Poll Edit",
  5: "Poll Add Option",
};

function sealedIn(message: proto.IMessage): Sealed | undefined {
  const { secretEncryptedMessage: secret, encReactionMessage: reaction, encCommentMessage: comment } = message;
  const of = (use: Use, { targetMessageKey: key, encPayload, encIv }: proto.Message.IEncReactionMessage): Sealed => ({
    use,
    key,
    encPayload,
    encIv,
  });
  if (reaction) return of("Enc Reaction", reaction);
  if (comment) return of("Enc Comment", comment);
  const use = secret ? uses[numberOf(secret.secretEncType)] : undefined;
  return secret && use !== undefined ? of(use, secret) : undefined;
}

async function opened(sealed: Sealed, answered: Answered, context: ContentContext): Promise<Uint8Array | undefined> {
  const { use, key, encPayload, encIv } = sealed;
  if (!encPayload || !encIv || encPayload.length < tagBytes) return undefined;
  return decryptedBy(answered, context, (author, speaker) => {
    // Who holds the secret could seal an edit of somebody else's words.
    if (onlyByAuthor.has(use) && !isAuthor(answered, context)) throw new RangeError("edited by somebody else");
    const info = [textOr(key?.id), author, speaker, use].join("");
    const aesKey = new Uint8Array(hkdfSync("sha256", answered.secret, new Uint8Array(32), info, 32));
    const decipher = createDecipheriv("aes-256-gcm", aesKey, encIv);
    const end = encPayload.length - tagBytes;
    decipher.setAuthTag(encPayload.subarray(end));
    return Buffer.concat([decipher.update(encPayload.subarray(0, end)), decipher.final()]);
  });
}

const tagBytes = 16;
const onlyByAuthor: ReadonlySet<Use> = new Set(["Message Edit", "Event Edit", "Poll Edit"]);

function isAuthor({ authors }: Answered, { sender }: ContentContext): boolean {
  const names = [sender.jid, sender.lid, sender.phone === undefined ? undefined : `${sender.phone}@s.whatsapp.net`];
  return authors.some((author) => names.includes(author));
}

interface Plain {
  readonly plain: Uint8Array;
  readonly answered: Answered;
  readonly context: ContentContext;
}

/** Undefined also for what opens but is no message: it is published unread then, like one that does not open. */
function saidBy(sealed: Sealed, plain: Plain): proto.IMessage | undefined {
  try {
    return inClear(sealed, plain);
  } catch {
    return undefined;
  }
}

function inClear({ use, key }: Sealed, { plain, answered, context }: Plain): proto.IMessage | undefined {
  switch (use) {
    case "Enc Reaction": {
      const { text, senderTimestampMs, groupingKey } = proto.Message.ReactionMessage.decode(plain);
      return {
        reactionMessage: {
          key: fromOurSide(key, context) ?? {},
          text: text ?? "",
          senderTimestampMs: senderTimestampMs ?? 0,
          ...(groupingKey ? { groupingKey } : {}),
        },
      };
    }
    case "Enc Comment":
      return { commentMessage: { message: decodedMessage(plain), targetMessageKey: fromOurSide(key, context) ?? {} } };
    case "Message Edit":
    case "Event Edit":
    case "Poll Edit":
      return editOf(decodedMessage(plain), key);
    case "Poll Add Option":
      return editOf(withOption(decodedMessage(plain), answered), key);
  }
}

/** An edit as it was sent before edits were sealed. The plaintext is that already, or the new content alone. */
function editOf(
  plain: proto.IMessage | undefined,
  key: proto.IMessageKey | null | undefined,
): proto.IMessage | undefined {
  if (plain === undefined) return undefined;
  const { message } = unwrap(plain);
  const editedMessage = message.protocolMessage?.editedMessage ?? message;
  if (contentName(unwrap(editedMessage).message) === undefined) return undefined;
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
      key: key ?? {},
      editedMessage,
      timestampMs: message.protocolMessage?.timestampMs ?? null,
    },
  };
}

/** The poll as it is with one more option: the plaintext is the whole poll, or only the option. */
function withOption(plain: proto.IMessage, { message }: Answered): proto.IMessage | undefined {
  const option = addedOption(plain);
  const poll = pollOf(message);
  if (option === undefined || poll === undefined) return plain;
  const options = [...(poll.options ?? []), { optionName: option.name }];
  return { pollCreationMessageV5: { ...poll, options } };
}
