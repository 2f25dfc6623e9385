import { z } from "zod";

import { unknownWireKinds } from "#domain/unknown-wire.ts";

import { operation } from "../operation.ts";
import type { Operation } from "../operation.ts";

const seen = z.strictObject({
  kind: z.enum(unknownWireKinds),
  name: z.string().meta({ description: "As it stood on the wire, without anything that could name a person" }),
  count: z.number(),
  firstAt: z.number(),
  lastAt: z.number(),
});

/** What WhatsApp sent that this version does not know. */
export const unknownWireOperations: readonly Operation[] = [
  operation({
    id: "unknownWire",
    method: "GET",
    path: "/unknown-wire",
    summary: "What WhatsApp sent that this version does not know, the latest first: the next change of its protocol",
    tag: "system",
    scope: "operator",
    response: z.strictObject({ seen: z.array(seen) }),
    run: async ({ deps }) => ({ seen: [...deps.unknownWire.list()] }),
  }),
];
