import type { MessageStatus } from "#domain/message-status.ts";

import type { Api, InstanceRef } from "./api.ts";

/** The way of one message, as the server tells it. Times are epoch milliseconds. */
export interface MessageTrace {
  readonly messageId: string;
  readonly phone?: string;
  readonly status: MessageStatus;
  readonly steps: readonly {
    readonly status: string;
    readonly at: number;
    readonly participant?: string;
    readonly detail?: string;
  }[];
  readonly queue?: {
    readonly zaapId: string;
    readonly state: string;
    readonly attempts: number;
    readonly lastError?: string;
    readonly dueAt: number;
  };
}

/** Asks for it; throws `message_not_found`. */
export async function traceOf(
  api: Api,
  input: { readonly instance: InstanceRef; readonly messageId: string },
): Promise<MessageTrace> {
  return api.instance(input.instance, { path: `/messages/${encodeURIComponent(input.messageId)}/trace` });
}
