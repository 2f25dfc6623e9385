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
 * Waits until a message came that far, and answers how far it is then. Throws `send_failed` when it never will,
 * `timeout` when it did not in time; the message itself goes its way whatever happens here.
 */
export async function awaitStatus(
  cli: Cli,
  input: {
    readonly api: Api;
    readonly instance: InstanceRef;
    readonly messageId: string;
    readonly wanted: AwaitedStatus;
    readonly timeoutMs: number;
  },
): Promise<MessageStatus> {
  const { api, instance, messageId, wanted } = input;
  const limit = AbortSignal.any([cli.signal, AbortSignal.timeout(input.timeoutMs)]);
  await using news = followNews(cli, api, instance);
  for (;;) {
    const trace = await traceOf(api, { instance, messageId });
    if (statusRank(trace.status) >= statusRank(wanted)) return trace.status;
    refuseEnded(trace);
    await news.next(limit);
    if (!limit.aborted) continue;
    throw new WazapiError("timeout", {
      message: `the message is ${trace.status}, not ${wanted} yet`,
      details: {
        hint: `it waits in the queue and leaves while a server runs; see \`wazapi message trace ${messageId}\``,
      },
    });
  }
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
