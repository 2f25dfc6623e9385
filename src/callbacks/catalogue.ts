import { z } from "zod";
import type { ContentType } from "#domain/captured-content.ts";
import type { Captured, CapturedKind, CapturedOf } from "#domain/captured.ts";
import { connected, disconnected } from "./connection.ts";
import { contents } from "./contents.ts";
import type { CallbackDefinition, CallbackType, RenderContext } from "./definition.ts";
import { delivery } from "./delivery.ts";
import { historySync } from "./history-sync.ts";
import { messageStatus } from "./message-status.ts";
import { newChats } from "./new-chats.ts";
import { passkey } from "./passkey.ts";
import { presenceChat } from "./presence.ts";
import { messageSchema, receivedMessage } from "./received-message.ts";
import { notificationNames, notificationSchema, receivedNotification } from "./received-notification.ts";
import { receivedWaiting } from "./received-waiting.ts";

/** Every callback, one per captured kind: a kind without a callback does not compile. */
const callbacks = {
  message: receivedMessage,
  waiting: receivedWaiting,
  notification: receivedNotification,
  receipt: messageStatus,
  presence: presenceChat,
  connected,
  disconnected,
  delivery,
  history: historySync,
  passkey,
  newChats,
} as const satisfies { [K in CapturedKind]: { readonly kind: K; readonly type: CallbackType } };

/** The callback type a captured event becomes. */
export function callbackTypeOf(kind: CapturedKind): CallbackType {
  return callbacks[kind].type;
}

/** A captured event as the customer gets it. Pure. */
export function renderCallback(
  captured: Captured,
  context: RenderContext,
): { readonly type: CallbackType; readonly payload: Readonly<Record<string, unknown>> } {
  return { type: callbacks[captured.kind].type, payload: render(captured, context) };
}

function render<K extends CapturedKind>(captured: CapturedOf<K>, context: RenderContext): Record<string, unknown> {
  // The table is complete by type and its key is the event's own kind, so the entry takes this very event.
  const definition = callbacks[captured.kind] as unknown as CallbackDefinition<K, z.ZodObject>;
  return definition.render(captured, context);
}

/** The schema a payload obeys: of its content for a message, of its name for a notification. */
export function schemaOf(captured: Captured): z.ZodObject {
  if (captured.kind === "message") return messageSchema(captured.content.type);
  if (captured.kind === "notification") return notificationSchema(captured.name);
  return callbacks[captured.kind].payload;
}

/** One webhook of the documentation. */
export interface CallbackSchema {
  readonly type: CallbackType;
  readonly summary: string;
  /** JSON Schema (draft 2020-12). */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Every webhook by name (`ReceivedCallback.text`, `ReceivedCallback.GROUP_CREATE`, `MessageStatusCallback`…). */
export function callbackSchemas(): Readonly<Record<string, CallbackSchema>> {
  const received = receivedMessage.type;
  const ofContents = (Object.keys(contents) as ContentType[]).map((name) => ({
    name: `${received}.${name}`,
    type: received,
    summary: contents[name].summary,
    schema: messageSchema(name),
  }));
  const ofNotifications = notificationNames.map((name) => ({
    name: `${received}.${name}`,
    type: received,
    summary: receivedNotification.summary,
    schema: notificationSchema(name),
  }));
  const others = [
    receivedWaiting,
    messageStatus,
    presenceChat,
    connected,
    disconnected,
    delivery,
    historySync,
    passkey,
    newChats,
  ].map(({ kind, type, summary, payload }) => ({
    name: kind === "waiting" ? `${type}.waiting` : type,
    type,
    summary,
    schema: payload,
  }));
  return Object.fromEntries(
    [...ofContents, ...ofNotifications, ...others].map(({ name, type, summary, schema }) => [
      name,
      { type, summary, schema: z.toJSONSchema(schema, { io: "input" }) },
    ]),
  );
}
