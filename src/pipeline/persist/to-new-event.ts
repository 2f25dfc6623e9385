import { callbackTypeOf } from "#callbacks/catalogue.ts";
import type { Captured } from "#domain/captured.ts";
import type { NewEvent } from "#store/records.ts";
import { dedupeKeyOf } from "./dedupe-key.ts";
import { type Routing, slotsOf } from "./route.ts";

/** The row a captured event becomes: named, routed by the settings of this moment, and with all a render needs. */
export function toNewEvent(captured: Captured, routing: Routing): NewEvent {
  const chatId = "chat" in captured ? captured.chat.chatId : undefined;
  const messageId = messageIdOf(captured);
  return {
    dedupeKey: dedupeKeyOf(captured),
    kind: captured.kind,
    type: callbackTypeOf(captured.kind),
    ...(chatId === undefined ? {} : { chatId }),
    ...(messageId === undefined ? {} : { messageId }),
    occurredAt: captured.at,
    captured: JSON.stringify(captured),
    slots: slotsOf(captured, routing),
  };
}

/** A receipt is about several messages; its row carries the first. */
function messageIdOf(captured: Captured): string | undefined {
  if (captured.kind === "receipt") return captured.messageIds[0];
  return "messageId" in captured ? captured.messageId : undefined;
}
