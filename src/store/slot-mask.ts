import { type FurtherHook, hookSlots, type HookSlot, type Instance } from "#domain/instance.ts";

/** All that names URLs of an instance. */
export type Hooked = Pick<Instance, "hooks" | "furtherHooks">;

/**
 * A delivery's mask has one half for the slots whose URL it goes to, and one for what a further hook with its URL wants
 * of the event: either can end without the other. Slots have at most this many bits.
 */
const halfBits = 12;
const eitherReceived = maskOf(["received", "receivedAndDelivery"]);

/** Slots as bits, in the order of `hookSlots`: that list may only grow at its end. */
export function maskOf(slots: readonly HookSlot[]): number {
  return slots.reduce((mask, slot) => mask | (1 << hookSlots.indexOf(slot)), 0);
}

/** The bits of events a further hook wants. The instance's rules choose one received slot; it means either. */
export function wantedMask({ slots }: Pick<FurtherHook, "slots">): number {
  const mask = maskOf(slots);
  return (mask & eitherReceived) === 0 ? mask : mask | eitherReceived;
}

/** These slots as bits of the half that further hooks have. */
export function furtherHalf(mask: number): number {
  return mask << halfBits;
}

/** The slots of a mask, of either half. */
function slotsOf(mask: number): readonly HookSlot[] {
  const either = mask | (mask >> halfBits);
  return hookSlots.filter((_, bit) => (either & (1 << bit)) !== 0);
}

/** The slot a delivery is shown under: the first it serves. */
export function shownSlot(mask: number): HookSlot | "replay" {
  return slotsOf(mask)[0] ?? "replay";
}

/** The distinct URLs that an event of these slots goes to now, each with the bits that say on whose behalf. */
export function targetsOf({ hooks, furtherHooks }: Hooked, slotMask: number): ReadonlyMap<string, number> {
  const targets = new Map<string, number>();
  const add = (url: string, mask: number): void => void targets.set(url, (targets.get(url) ?? 0) | mask);
  for (const slot of slotsOf(slotMask)) {
    const url = hooks[slot];
    if (url !== undefined) add(url, maskOf([slot]));
  }
  for (const hook of furtherHooks) {
    const wanted = slotMask & wantedMask(hook);
    if (wanted !== 0) add(hook.url, furtherHalf(wanted));
  }
  return targets;
}

/** Every URL that the hooks name, as often as they do. */
export function namedUrls({ hooks, furtherHooks }: Hooked): readonly string[] {
  return [...Object.values(hooks), ...furtherHooks.map(({ url }) => url)];
}
