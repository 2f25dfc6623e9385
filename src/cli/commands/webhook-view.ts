import { InvalidArgumentError, Option } from "commander";

import { commonHookSlots, hookSlots } from "#domain/instance.ts";
import type { FurtherHook, HookSlot } from "#domain/instance.ts";

import type { Api, InstanceRef } from "../api.ts";
import { collect } from "../options.ts";

/** What the server says of an instance's webhooks. */
export interface Webhooks {
  readonly hooks: Readonly<Partial<Record<HookSlot, string>>>;
  readonly further: readonly FurtherHook[];
  readonly notifySentByMe: boolean;
  readonly deliveryOrder: string;
  readonly lanes: readonly {
    readonly hookId: string;
    readonly url: string;
    readonly pending: number;
    readonly oldestAt?: number;
    readonly breaker: { readonly state: "closed" | "open"; readonly failures: number; readonly probeAt: number };
  }[];
}

/** Asks the server for them. */
export async function webhooksOf(api: Api, instance: InstanceRef): Promise<Webhooks> {
  return api.instance(instance, { path: "/webhooks" });
}

/** `--slot`, which may be repeated. */
export function slotOption(): Option {
  return new Option("--slot <slot>", `one kind of webhook, may be repeated: ${hookSlots.join(", ")}`).argParser<
    readonly string[]
  >(slotOf);
}

/** Slots as they are shown. */
export function slotsText(slots: readonly string[]): string {
  if (!commonHookSlots.every((slot) => slots.includes(slot))) return slots.join(", ");
  return ["all", ...slots.filter((slot) => !commonHookSlots.some((common) => common === slot))].join(", ");
}

function slotOf(value: string, before?: readonly string[]): readonly string[] {
  if (!hookSlots.some((slot) => slot === value)) {
    throw new InvalidArgumentError(`There are ${hookSlots.join(", ")}.`);
  }
  return collect(value, before);
}
