import type { Connection, FurtherHook, Hooks, Instance, InstanceSettings, Subscription } from "#domain/instance.ts";

/** One change of a session's state, kept as history. */
export type ConnectionChange = Connection;

/** Instances with their settings, hooks and persisted connection state. */
export interface InstanceStore {
  /** Throws `conflict` when the id or the name is taken. */
  create(input: { readonly instance: Instance }): Promise<void>;
  get(input: { readonly instanceId: string }): Promise<Instance | undefined>;
  byName(input: { readonly name: string }): Promise<Instance | undefined>;
  /** Ordered by creation; `query` matches a part of the name, case-insensitive. */
  list(input: {
    readonly offset: number;
    readonly limit: number;
    readonly query?: string;
  }): Promise<{ readonly instances: readonly Instance[]; readonly total: number }>;
  /** Removes the instance and everything that belongs to it; false when it is unknown. */
  delete(input: { readonly instanceId: string }): Promise<boolean>;
  /** Throws `instance_not_found`. Settings are merged key by key and the change is audited. */
  update(input: {
    readonly instanceId: string;
    readonly name?: string;
    readonly settings?: Partial<InstanceSettings>;
    readonly subscription?: Subscription;
    readonly webhookSecrets?: readonly string[];
    readonly now: number;
  }): Promise<Instance>;
  /**
   * Sets or clears (`null`) webhook URLs in one transaction: pending deliveries of a changed slot move to the new URL
   * in their order, those of a cleared slot are discarded. `furtherHooks` replaces the further hooks, and what waits for
   * them is treated alike (`hook-moves.ts` says which is which). Throws `instance_not_found`.
   */
  setHooks(input: {
    readonly instanceId: string;
    readonly hooks?: Readonly<Partial<Record<keyof Hooks, string | null>>>;
    readonly furtherHooks?: readonly FurtherHook[];
    readonly settings?: Partial<InstanceSettings>;
    readonly now: number;
  }): Promise<Instance>;
  /** Stores the state; adds a history row when `state` or `reason` changed. */
  recordConnection(input: { readonly instanceId: string; readonly connection: Connection }): Promise<void>;
  /** Evidence only: moves `lastSeenAt` without a history row. */
  touchConnection(input: { readonly instanceId: string; readonly lastSeenAt: number }): Promise<void>;
  /** Newest first. */
  connectionHistory(input: {
    readonly instanceId: string;
    readonly limit: number;
  }): Promise<readonly ConnectionChange[]>;
}
