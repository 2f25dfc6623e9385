import type { ConnectionState } from "#domain/instance.ts";
import { refusalText, type Refusal } from "#domain/refusal.ts";

import type { Api, InstanceRef } from "./api.ts";
import type { Cell } from "./output.ts";

/** The connection of an instance, as the server tells it. Times are epoch milliseconds. */
export interface ConnectionView {
  readonly state: ConnectionState;
  readonly reason?: string;
  readonly refusal?: Refusal;
  readonly at: number;
  readonly phone?: string;
  readonly pushName?: string;
  readonly lastSeenAt?: number;
  readonly retry?: { readonly failures: number; readonly nextAt: number };
  /** Of WhatsApp Web, as it is presented. */
  readonly version?: {
    readonly number: string;
    readonly source: "pinned" | "fetched" | "built-in";
    readonly fetchedAt?: number;
    readonly expiresAt?: number;
  };
  /** New chats wait until then; null while no end is known. */
  readonly restricted_until?: number | null;
  readonly restriction?: string;
  readonly newChats?: { readonly total?: number; readonly used?: number; readonly status: string };
  readonly history: readonly { readonly state: ConnectionState; readonly reason?: string; readonly at: number }[];
}

/** Asks for it, with that many entries of its history. */
export async function connectionOf(api: Api, instance: InstanceRef, history = 0): Promise<ConnectionView> {
  return api.instance(instance, { path: `/connection?limit=${history}` });
}

const colors = {
  connected: "green",
  connecting: "yellow",
  pairing: "yellow",
  unpaired: "dim",
  disconnected: "red",
  replaced: "red",
  logged_out: "red",
  restricted: "red",
  locked: "red",
  banned: "red",
} as const satisfies Record<ConnectionState, string>;

/** Why it is not connected: what WhatsApp refused it with, else a word. Of a connected one: what it may not do. */
export function reasonOf({ state, reason, refusal, ...view }: ConnectionView): string | undefined {
  if (state === "connected") {
    const { restricted_until: until } = view;
    if (until === undefined) return undefined;
    return until === null ? "no new chats, no end known" : `no new chats until ${new Date(until).toISOString()}`;
  }
  return refusal === undefined ? reason : refusalText(refusal);
}

/** The state with its colour. */
export function connectionCell({ state }: ConnectionView): Cell {
  return { text: state, color: colors[state] };
}
