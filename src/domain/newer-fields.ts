/**
 * WhatsApp protocol: kinds of message that are younger than the protobuf of our client library, by their field in
 * `Message` (whatsmeow's protocol of August 2026).
 */
const newerFields: Readonly<Record<number, string>> = {
  115: "pollResultSnapshotMessageV3",
  116: "newsletterAdminProfileMessage",
  118: "spoilerMessage",
  119: "pollCreationMessageV6",
  120: "conditionalRevealMessage",
  121: "pollAddOptionMessage",
  122: "eventInviteMessage",
  123: "groupRootKeyShare",
  124: "paymentReminderMessage",
  125: "splitPaymentMessage",
  128: "splitPaymentUpdateMessage",
  129: "musicMessage",
};

/** Field of a poll of version 6: laid out like the versions before it. */
export const pollV6Field = 119;

/** Field of an option that somebody adds to a poll. */
export const pollAddOptionField = 121;

/** Field of keys that the devices of a group hand each other: nothing to be shown, and nobody else's business. */
export const groupRootKeyField = 123;

/** WhatsApp's name for a field of `Message`, or its number when nobody here knows the name. */
export function nameOfField(number: number): string {
  return newerFields[number] ?? `field${number}`;
}

/*
 * The client library drops fields that it does not know. What must not be lost travels where its own protobuf has room
 * for bytes that mean nothing: in the padding beside a message. So it reaches the store as well, and comes back.
 */
const mark = Buffer.from("wazapi/fields-kept/1\0");

/** Padding that keeps these fields. */
export function keptAsPadding(fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([mark, ...fields]);
}

/** The fields that a padding keeps, one behind the other; undefined for any other padding. */
export function keptFieldsOf(padding: Uint8Array | null | undefined): Uint8Array | undefined {
  if (!padding || padding.length <= mark.length) return undefined;
  return mark.equals(padding.subarray(0, mark.length)) ? padding.subarray(mark.length) : undefined;
}
