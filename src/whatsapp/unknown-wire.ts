/** Where something turned up that this version does not know. */
export type UnknownWireKind =
  | "tag"
  | "notification"
  | "ib"
  | "attribute"
  | "ack"
  | "failure"
  | "close"
  | "field"
  | "mex"
  | "jid";

/** One thing that WhatsApp sent and nobody here knows: the next change of the protocol announces itself by these. */
export interface UnknownWire {
  readonly kind: UnknownWireKind;
  /** Its name or number as it stood on the wire; never content, never a number of a person. */
  readonly name: string;
}
