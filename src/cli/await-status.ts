import { WazapiError } from "#domain/errors.ts";
import { statusRank } from "#domain/message-status.ts";
import type { MessageStatus } from "#domain/message-status.ts";

import type { Api, InstanceRef } from "./api.ts";
import type { Cli } from "./cli.ts";
import { traceOf } from "./message-trace.ts";
import type { MessageTrace } from "./message-trace.ts";
import { followNews } from "./news.ts";

/** What one can wait for. */
export const awaitedStatuses = ["sent", "delivered", "read"] as const satisfies readonly MessageStatus[];

/** One of them. */
export type AwaitedStatus = (typeof awaitedStatuses)[number];

/**
 * Waits until a message came that far. Throws `send_failed` when it never will, `timeout` when it did not in time; the message itself goes its way whatever happens here.
 */
export async function awaitStatus(
  cli: Cli,
  input: {
    readonly api: Api;
    readonly instance: InstanceRef;
    readonly messageId: string;
    readonly wanted: AwaitedStatus;
    readonly timeoutMs: number;
    /** Hears how far it is, each time it was looked at; also before anything is thrown. */
    readonly onLook: (status: MessageStatus) => void;
  },
): Promise<void> {
  const { api, instance, messageId, wanted } = input;
  const limit = AbortSignal.any([cli.signal, AbortSignal.timeout(input.timeoutMs)]);
  await using news = followNews(cli, api, instance);
  for (;;) {
    const trace = await traceOf(api, { instance, messageId });
    input.onLook(trace.status);
    if (statusRank(trace.status) >= statusRank(wanted)) return;
    refuseEnded(trace);
    await news.next(limit);
    if (!limit.aborted) continue;
    throw new WazapiError("timeout", {
      message: `the message is ${trace.status}, not ${wanted} yet`,
      details: {
        hint: `${whatGoesOn(trace.status)}; see \`wazapi message trace ${messageId}\``,
      },
    });
  }
}

function whatGoesOn(status: MessageStatus): string {
  if (statusRank(status) < statusRank("sent")) return "it waits in the queue and leaves while a server runs";
  return status === "sent" ? "WhatsApp has it, the recipient does not" : "the recipient has it";
}

function refuseEnded({ status, queue }: MessageTrace): void {
  const end = [status, queue?.state].find((state) => state === "failed" || state === "canceled");
  if (end === undefined) return;
  if (end === "canceled") throw new WazapiError("conflict", { message: "the message was canceled" });
  throw new WazapiError("send_failed", {
    message: `the message could not be sent${queue?.lastError === undefined ? "" : `: ${queue.lastError}`}`,
    ...(queue !== undefined && { details: { hint: `try again with \`wazapi queue retry ${queue.zaapId}\`` } }),
  });
}
