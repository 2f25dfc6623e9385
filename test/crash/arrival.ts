import { until } from "../support/processes.ts";
import type { Rig } from "../support/rig.ts";
import { pause } from "./pause.ts";

/**
 * Waits until everything has arrived, or for `withinMs` (90 s): what has not arrived then is lost. Answers the
 * milliseconds it took.
 */
export async function arrival(
  rig: Rig,
  expected: {
    readonly inbound?: readonly string[];
    readonly outbound?: { readonly to: string; readonly texts: readonly string[] };
    readonly withinMs?: number;
  },
): Promise<number> {
  const { inbound = [], outbound } = expected;
  const startedMs = performance.now();
  const done = async (): Promise<boolean> => {
    const accepted = (await rig.hits()).filter((hit) => hit.accepted);
    const arrived = new Set(accepted.flatMap(({ messageIds }) => messageIds));
    if (!inbound.every((id) => arrived.has(id))) return false;
    if (outbound === undefined) return true;
    const texts = new Set((await rig.inbox(outbound.to)).map(({ text }) => text));
    return outbound.texts.every((text) => texts.has(text));
  };
  const withinMs = expected.withinMs ?? 90_000;
  await until(done, { what: "everything arrived", withinMs, everyMs: 250 }).catch(() => {});
  const tookMs = performance.now() - startedMs;
  // What comes twice comes soon after.
  await pause(1_000);
  return tookMs;
}
