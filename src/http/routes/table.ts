import type { Operation } from "../operation.ts";
import { chatMessagesOperations } from "./chat-messages.ts";
import { connectionOperations } from "./connection.ts";
import { dlqOperations } from "./dlq.ts";
import { docsOperations } from "./docs.ts";
import { eventOperations } from "./events.ts";
import { instanceOperations } from "./instance.ts";
import { mediaOperations } from "./media.ts";
import { messageActionOperations } from "./message-actions.ts";
import { messagesStatusOperations } from "./messages-status.ts";
import { partnerOperations } from "./partner.ts";
import { passkeyOperations } from "./passkey.ts";
import { profileOperations } from "./profile.ts";
import { queueOperations } from "./queue.ts";
import { sendOperations } from "./send-kinds.ts";
import { systemOperations } from "./system.ts";
import { unknownWireOperations } from "./unknown-wire.ts";
import { webhookConfigOperations } from "./webhook-config.ts";
import { webhookOperations } from "./webhooks.ts";

/** Every operation of the server, in the order the docs list them. Read this to see what the product can do. */
export function operationTable(): readonly Operation[] {
  const table: readonly Operation[] = [
    ...systemOperations,
    ...unknownWireOperations,
    ...docsOperations(() => table),
    ...partnerOperations,
    ...instanceOperations,
    ...passkeyOperations(),
    ...profileOperations,
    ...connectionOperations,
    ...webhookConfigOperations,
    ...webhookOperations,
    ...sendOperations,
    ...messageActionOperations,
    ...chatMessagesOperations,
    ...queueOperations,
    ...messagesStatusOperations,
    ...mediaOperations,
    ...eventOperations,
    ...dlqOperations,
  ];
  return table;
}
