/** Where something turned up that this version does not know. */
export const unknownWireKinds = [
  "tag",
  "notification",
  "group",
  "ib",
  "attribute",
  "ack",
  "failure",
  "close",
  "field",
  "mex",
  "jid",
] as const;

/** Where something turned up that this version does not know. */
export type UnknownWireKind = (typeof unknownWireKinds)[number];

/** Something WhatsApp sent that this version does not know. */
export interface SeenUnknown {
  readonly kind: UnknownWireKind;
  /** As it stood on the wire, without anything that could name a person. */
  readonly name: string;
  readonly count: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
}
