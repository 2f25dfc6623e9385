// What a webhook brought, in one line. `onWebhook` takes the parsed body of a request whose signature was checked;
// the README shows a receiver that does that.
import type { ReceivedCallback, WebhookBody } from "wazapi/webhooks";

export function onWebhook(body: WebhookBody): string {
  switch (body.type) {
    case "ReceivedCallback":
      return `${body.fromMe ? "to" : "from"} ${body.phone}: ${wordsOf(body)}`;
    case "DeliveryCallback":
      return `${body.messageId}: ${body.error ?? "left"}`;
    case "MessageStatusCallback":
      return `${body.ids.join(", ")}: ${body.status}`;
    case "PresenceChatCallback":
      return `${body.phone}: ${body.status}`;
    case "ConnectedCallback":
    case "DisconnectedCallback":
    case "HistorySyncCallback":
    case "PasskeyCallback":
    case "NewChatsCallback":
      return body.type;
  }
}

function wordsOf(body: ReceivedCallback): string {
  if ("notification" in body) return body.notification;
  if (body.waitingMessage) return "a message that cannot be read yet";
  if ("text" in body) return body.text.message;
  if ("image" in body) return `a picture at ${body.image.imageUrl ?? "no address"}`;
  if ("poll" in body) return `${body.poll.question} ${body.poll.options.map(({ name }) => name).join(" or ")}`;
  return "something else";
}
