import type { UnknownWireKind } from "#domain/unknown-wire.ts";

/** One thing that WhatsApp sent and nobody here knows: the next change of the protocol announces itself by these. */
export interface UnknownWire {
  readonly kind: UnknownWireKind;
  /** Its name or number as it stood on the wire; never content, never a number of a person. */
  readonly name: string;
}
