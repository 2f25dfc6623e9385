import { hookSlots, type HookSlot, type Hooks } from "#domain/instance.ts";

/** Slots as bits, in the order of `hookSlots`: that list may only grow at its end. */
export function maskOf(slots: readonly HookSlot[]): number {
  return slots.reduce((mask, slot) => mask | (1 << hookSlots.indexOf(slot)), 0);
}

/** The slots of a mask. */
function slotsOf(mask: number): readonly HookSlot[] {
  return hookSlots.filter((_, bit) => (mask & (1 << bit)) !== 0);
}

/** The slot a delivery is shown under: the first it serves. */
export function shownSlot(mask: number): HookSlot | "replay" {
  return slotsOf(mask)[0] ?? "replay";
}

/** The distinct URLs these slots have now, each with the bits of the slots that name it. */
export function targetsOf(hooks: Hooks, slotMask: number): ReadonlyMap<string, number> {
  const targets = new Map<string, number>();
  for (const slot of slotsOf(slotMask)) {
    const url = hooks[slot];
    if (url !== undefined) targets.set(url, (targets.get(url) ?? 0) | maskOf([slot]));
  }
  return targets;
}
