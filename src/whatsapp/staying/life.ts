import { sleep } from "#lib/sleep.ts";
import type { LiveSocket } from "../live-socket.ts";
import type { SessionsOptions } from "../options.ts";

/** What a watch over one socket works with. */
export interface LifeDeps {
  readonly socket: Pick<LiveSocket, "silentForMs" | "lastSeenAt" | "tearDown">;
  readonly options: Pick<SessionsOptions, "touchMs" | "silentMs">;
  /** Stores when the last frame came (epoch milliseconds); answers whether that counts now. Never rejects. */
  readonly touch: (lastSeenAt: number) => Promise<boolean>;
  /** The socket was torn down because nothing came any more. */
  readonly silent: () => void;
}

/** Evidence of life: has it stored when the last frame came, and ends a connection that says nothing any more. */
export async function watchLife({ socket, options, touch, silent }: LifeDeps, signal: AbortSignal): Promise<void> {
  let stored: number | undefined;
  for (;;) {
    await sleep(Math.min(options.touchMs, options.silentMs), signal);
    if (signal.aborted) return;
    if (socket.silentForMs() >= options.silentMs) {
      socket.tearDown();
      silent();
      return;
    }
    const lastSeenAt = socket.lastSeenAt();
    if (lastSeenAt !== undefined && lastSeenAt !== stored && (await touch(lastSeenAt))) stored = lastSeenAt;
  }
}
