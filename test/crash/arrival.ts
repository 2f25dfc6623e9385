import type { Rig } from "../support/rig.ts";
import { pause } from "./pause.ts";

/** Nothing has arrived for so long: what is still missing never will. */
const stillMs = 60_000;

/**
 * Waits until everything has arrived, as long as something does: what is missing a minute after the last arrival is
 * lost. Answers the milliseconds it took.
 */
export async function arrival(
  rig: Rig,
  expected: {
    readonly inbound?: readonly string[];
    readonly outbound?: { readonly to: string; readonly texts: readonly string[] };
  },
): Promise<number> {
  const { inbound = [], outbound } = expected;
  const startedMs = performance.now();
  let missing = Number.POSITIVE_INFINITY;
  let progressMs = startedMs;
  while (performance.now() - progressMs < stillMs) {
    const accepted = (await rig.hits()).filter((hit) => hit.accepted);
    const arrived = new Set(accepted.flatMap(({ messageIds }) => messageIds));
    const texts = new Set(outbound === undefined ? [] : (await rig.inbox(outbound.to)).map(({ text }) => text));
    const now =
      inbound.filter((id) => !arrived.has(id)).length +
      (outbound?.texts ?? []).filter((text) => !texts.has(text)).length;
    if (now === 0) break;
    if (now < missing) progressMs = performance.now();
    missing = now;
    await pause(250);
  }
  const tookMs = performance.now() - startedMs;
  // What comes twice comes soon after.
  await pause(1_000);
  return tookMs;
}
