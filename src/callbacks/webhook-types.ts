import { z } from "zod";
import type { ContentType } from "#domain/captured-content.ts";
import { connected, disconnected } from "./connection.ts";
import { contents } from "./contents.ts";
import { callbackTypes } from "./definition.ts";
import { delivery } from "./delivery.ts";
import { historySync } from "./history-sync.ts";
import { messageStatus } from "./message-status.ts";
import { newChats } from "./new-chats.ts";
import { passkey } from "./passkey.ts";
import { presenceChat } from "./presence.ts";
import { receivedMessage } from "./received-message.ts";
import { notificationNames, receivedNotification } from "./received-notification.ts";
import { receivedWaiting } from "./received-waiting.ts";
import { bodyText, docText, type PayloadSchema } from "./type-text.ts";

const head = `// Webhook bodies of wazapi. Made by \`wazapi openapi\` out of the schemas; do not edit.
//
//   import type { WebhookBody } from "wazapi/webhooks";
//
//   function onWebhook(body: WebhookBody) {
//     if (body.type === "ReceivedCallback" && "text" in body) console.log(body.text.message);
//   }
`;

/** Declarations of every webhook body as one self-contained .d.ts. Pure, and the same schemas give the same text. */
export function webhookTypes(): string {
  const others = [delivery, messageStatus, presenceChat, connected, disconnected, historySync, passkey, newChats];
  const messages = (Object.keys(contents) as ContentType[]).map((name) => ({ ...contents[name], name: nameOf(name) }));
  return [
    head,
    declared("MessageEnvelope", { summary: "What every message has", schema: schemaOf(receivedMessage.payload) }),
    ...messages.map(({ name, summary, payload }) =>
      declared(name, { summary, schema: schemaOf(payload), base: "MessageEnvelope" }),
    ),
    union("Message", { summary: receivedMessage.summary, members: messages.map(({ name }) => name) }),
    union("NotificationName", {
      summary: "Names of the documented notifications",
      members: notificationNames.map((name) => JSON.stringify(name)),
    }),
    declared("Notification", {
      summary: receivedNotification.summary,
      schema: schemaOf(receivedNotification.payload),
    }).replace("  notification: string;", "  notification: NotificationName | (string & {});"),
    declared("WaitingMessage", { summary: receivedWaiting.summary, schema: schemaOf(receivedWaiting.payload) }),
    union("ReceivedCallback", {
      summary: "A message, or something that happened",
      members: ["Message", "Notification", "WaitingMessage"],
    }),
    ...others.map(({ type, summary, payload }) => declared(type, { summary, schema: schemaOf(payload) })),
    union("WebhookBody", { summary: "The body of any webhook; `type` tells which", members: callbackTypes }),
    webhookHeaders,
  ].join("\n");
}

const webhookHeaders = `/** Headers of every webhook request. */
export interface WebhookHeaders {
  /** Id of the event; the same on every try and every replay. */
  "webhook-id": string;
  /** When this try was made, epoch seconds. */
  "webhook-timestamp": string;
  /** \`v1,\` and base64 of HMAC-SHA256 over \`id.timestamp.body\`; several are separated by spaces. */
  "webhook-signature": string;
  "x-wazapi-instance-id": string;
  "x-wazapi-event-type": WebhookBody["type"];
  /** 1, 2, 3… inside the instance. */
  "x-wazapi-sequence": string;
  /** 1 on the first try. */
  "x-wazapi-attempt": string;
}
`;

/** `buttonReply` is declared as `ButtonReplyMessage`. */
function nameOf(content: string): string {
  return `${content.slice(0, 1).toUpperCase()}${content.slice(1)}Message`;
}

function schemaOf(payload: z.ZodType): PayloadSchema {
  // JSON Schema has far more forms than payloads use; what else there were would throw below.
  return z.toJSONSchema(payload, { io: "input" }) as PayloadSchema;
}

function declared(
  name: string,
  {
    summary,
    schema,
    base,
  }: { readonly summary: string; readonly schema: PayloadSchema; readonly base?: "MessageEnvelope" },
): string {
  const heritage = base === undefined ? "" : ` extends ${base}`;
  return [...docText(summary), `export interface ${name}${heritage} ${bodyText(schema)}`, ""].join("\n");
}

function union(
  name: string,
  { summary, members }: { readonly summary: string; readonly members: readonly string[] },
): string {
  const lines = members.map((member) => `  | ${member}`);
  return [...docText(summary), `export type ${name} =`, `${lines.join("\n")};`, ""].join("\n");
}
