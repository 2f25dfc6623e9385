import { type FurtherHook, type HookSlot, hookSlots } from "#domain/instance.ts";
import { furtherHalf, type Hooked, maskOf, wantedMask } from "./slot-mask.ts";

/** What waits at a URL under one bit and has to go elsewhere, or nowhere when there is no new URL. */
export interface HookMove {
  /** One bit of a delivery's mask. */
  readonly bit: number;
  readonly from: string;
  readonly to?: string;
}

/** The hooks of an instance before and after a change. */
export interface HookChange {
  readonly before: Hooked;
  readonly after: Hooked;
}

/**
 * What a change of hooks means for what waits, in the order in which it has to be done. What waits for a slot follows
 * it to its new URL. A further hook is known by its URL; where one URL took the place of another in the list, both new
 * and gone, it is the same hook at a new URL.
 */
export function hookMoves(change: HookChange): readonly HookMove[] {
  return [...slotMoves(change), ...furtherMoves(change)];
}

function slotMoves({ before, after }: HookChange): readonly HookMove[] {
  return hookSlots.flatMap((slot) => {
    const [from, to] = [before.hooks[slot], after.hooks[slot]];
    return from === undefined || from === to ? [] : [{ bit: maskOf([slot]), from, ...(to !== undefined && { to }) }];
  });
}

function furtherMoves({ before: { furtherHooks: before }, after: { furtherHooks: after } }: HookChange): HookMove[] {
  return before.flatMap((hook, place) => {
    const now = named(after, hook.url) ?? successor(before, after[place]);
    const kept = now === undefined ? [] : wantedSlots(now);
    return wantedSlots(hook).flatMap((slot) => {
      const to = kept.includes(slot) ? now?.url : undefined;
      if (to === hook.url) return [];
      return [{ bit: furtherHalf(maskOf([slot])), from: hook.url, ...(to !== undefined && { to }) }];
    });
  });
}

/** A hook that took the place of another, when it was not there before. */
function successor(before: readonly FurtherHook[], hook: FurtherHook | undefined): FurtherHook | undefined {
  return hook === undefined || named(before, hook.url) !== undefined ? undefined : hook;
}

function named(hooks: readonly FurtherHook[], url: string): FurtherHook | undefined {
  return hooks.find((hook) => hook.url === url);
}

function wantedSlots(hook: FurtherHook): readonly HookSlot[] {
  const wanted = wantedMask(hook);
  return hookSlots.filter((slot) => (wanted & maskOf([slot])) !== 0);
}
