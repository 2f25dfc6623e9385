/** The right to do something alone for a while. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  /** Grows with every change of owner; the store refuses writes that name an older one. */
  readonly fencingToken: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** A process that takes part. */
export interface NodeRow {
  readonly nodeId: string;
  /** Epoch milliseconds of the last heartbeat. */
  readonly seenAt: number;
  /** Where its HTTP listener is reached, for calls to the owner. */
  readonly address?: string;
}

/** Leases with fencing tokens, and the heartbeats that tell when they may be taken early. */
export interface LeaseStore {
  /**
   * Takes a lease that is free, expired, one's own, or held by a node without a heartbeat for `deadAfterMs`.
   * The token grows unless the owner stays the same. Undefined while somebody else holds it.
   */
  acquire(input: {
    readonly name: string;
    readonly owner: string;
    readonly ttlMs: number;
    readonly deadAfterMs?: number;
    readonly now: number;
  }): Promise<Lease | undefined>;
  /** False when it was lost. */
  renew(input: { readonly lease: Lease; readonly ttlMs: number; readonly now: number }): Promise<boolean>;
  release(input: { readonly lease: Lease }): Promise<void>;
  get(input: { readonly name: string }): Promise<Lease | undefined>;
  list(input: { readonly prefix: string }): Promise<readonly Lease[]>;
  heartbeat(input: { readonly nodeId: string; readonly address?: string; readonly now: number }): Promise<void>;
  nodes(): Promise<readonly NodeRow[]>;
  /** Forgets a node that leaves in peace. */
  leave(input: { readonly nodeId: string }): Promise<void>;
}
