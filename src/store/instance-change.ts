import type { FurtherHook, Hooks, Instance, InstanceSettings, Subscription } from "#domain/instance.ts";

/** What `InstanceStore.update` and `setHooks` can change; undefined fields stay. */
export interface InstanceChange {
  readonly name?: string;
  readonly settings?: Partial<InstanceSettings>;
  readonly subscription?: Subscription;
  readonly webhookSecrets?: readonly string[];
  readonly hooks?: Readonly<Partial<Record<keyof Hooks, string | null>>>;
  /** All of them, instead of those before. */
  readonly furtherHooks?: readonly FurtherHook[];
}

/** The instance after the change: settings and hooks are merged key by key, a hook set to null is gone. */
export function changedInstance(before: Instance, change: InstanceChange, now: number): Instance {
  return {
    ...before,
    name: change.name ?? before.name,
    settings: { ...before.settings, ...definedOnly(change.settings ?? {}) },
    subscription: change.subscription ?? before.subscription,
    webhookSecrets: change.webhookSecrets ?? before.webhookSecrets,
    hooks: mergedHooks(before.hooks, change.hooks ?? {}),
    furtherHooks: change.furtherHooks ?? before.furtherHooks,
    updatedAt: now,
  };
}

/** Values before and after of what differs, for the audit; secrets by name only. Undefined when nothing differs. */
export function auditOf(before: Instance, after: Instance): Readonly<Record<string, unknown>> | undefined {
  const change: Record<string, unknown> = {};
  const note = (key: string, from: unknown, to: unknown): void => {
    if (JSON.stringify(from) !== JSON.stringify(to)) change[key] = { from: from ?? null, to: to ?? null };
  };
  note("name", before.name, after.name);
  note("subscription", before.subscription, after.subscription);
  for (const key of keysOf({ ...before.settings, ...after.settings })) {
    note(`settings.${key}`, before.settings[key], after.settings[key]);
  }
  for (const slot of keysOf({ ...before.hooks, ...after.hooks })) {
    note(`hooks.${slot}`, before.hooks[slot], after.hooks[slot]);
  }
  note("furtherHooks", before.furtherHooks, after.furtherHooks);
  if (before.webhookSecrets.join() !== after.webhookSecrets.join()) change["webhookSecrets"] = "changed";
  return Object.keys(change).length === 0 ? undefined : change;
}

function mergedHooks(hooks: Hooks, change: NonNullable<InstanceChange["hooks"]>): Hooks {
  const merged: { -readonly [Slot in keyof Hooks]: Hooks[Slot] } = { ...hooks };
  for (const slot of keysOf(change)) {
    const url = change[slot];
    if (url === null) delete merged[slot];
    else if (url !== undefined) merged[slot] = url;
  }
  return merged;
}

function definedOnly<Value extends object>(value: Value): Value {
  // Only fields that say nothing are left out, so it is still a Value.
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Value;
}

function keysOf<Value extends object>(value: Value): (keyof Value)[] {
  // Plain data objects have no keys beside the declared ones.
  return Object.keys(value) as (keyof Value)[];
}
