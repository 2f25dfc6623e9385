import type { BinaryNode } from "@whiskeysockets/baileys";

/**
 * WhatsApp protocol: the plain ack by which a client confirms a stanza, whatever its tag. It goes back to where the
 * stanza came from, or to the server when it does not say, and names the same participant and recipient; the type is
 * repeated for all but messages.
 */
export function ackOf({ tag, attrs }: BinaryNode): BinaryNode {
  const { id = "", from, participant, recipient, type } = attrs;
  return {
    tag: "ack",
    attrs: {
      id,
      to: from || "s.whatsapp.net",
      class: tag,
      ...(participant === undefined ? {} : { participant }),
      ...(recipient === undefined ? {} : { recipient }),
      ...(type === undefined || tag === "message" ? {} : { type }),
    },
  };
}
