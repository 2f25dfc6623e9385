import type { FurtherHook, Hooks } from "#domain/instance.ts";
import type { Hooked } from "./slot-mask.ts";

/** The column `hooks` of an instance; rows from before there were further hooks have none. */
export type StoredHooks = Hooks & { readonly further?: readonly FurtherHook[] };

/** What the column holds for these hooks. */
export function storedHooks({ hooks, furtherHooks }: Hooked): StoredHooks {
  return furtherHooks.length === 0 ? hooks : { ...hooks, further: furtherHooks };
}

/** The hooks that the column holds. */
export function hooksOf({ further = [], ...hooks }: StoredHooks): Hooked {
  return { hooks, furtherHooks: further };
}
