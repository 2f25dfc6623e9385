import type { Refusal } from "./refusal.ts";

/** Places where a customer can configure a webhook URL; each receives some of the callback types. */
export const hookSlots = [
  "delivery",
  "received",
  "receivedAndDelivery",
  "messageStatus",
  "presenceChat",
  "connected",
  "disconnected",
  "historySync",
  "passkey",
  "newChats",
] as const;

/** One place for a webhook URL. */
export type HookSlot = (typeof hookSlots)[number];

/** What "every webhook" means: the slots Z-API knows. Ours get a URL only by name, and so no event a client does not know. */
export const commonHookSlots: readonly HookSlot[] = hookSlots.filter(
  (slot) => slot !== "passkey" && slot !== "newChats",
);

/** The configured URLs; a missing slot receives nothing. */
export type Hooks = Readonly<Partial<Record<HookSlot, string>>>;

/**
 * A URL that receives beside the URLs of the slots; our addition, Z-API has one URL for each slot. Both received slots
 * mean the same here: all that goes to either of them.
 */
export interface FurtherHook {
  /** Names it inside the instance: no two further hooks have the same. */
  readonly url: string;
  /** What it receives; at least one. */
  readonly slots: readonly HookSlot[];
}

/** Most further hooks an instance can have: each event makes a delivery for each of them. */
export const maxFurtherHooks = 10;

/** What an operator or customer can set on one instance. Kept as one JSON document. */
export interface InstanceSettings {
  readonly notifySentByMe: boolean;
  readonly callRejectAuto: boolean;
  readonly callRejectMessage: string;
  readonly autoReadMessage: boolean;
  readonly autoReadStatus: boolean;
  /** Refuse sends while disconnected instead of keeping them. */
  readonly disableEnqueueWhenDisconnected: boolean;
  /** `instance`: strict sequence per hook. `chat`: strict inside a chat, parallel across chats. */
  readonly deliveryOrder: "instance" | "chat";
  /** Name shown on the phone under linked devices; a device is no other than most under that of an operating system. */
  readonly sessionName: string;
  readonly isDevice: boolean;
  readonly businessDevice: boolean;
}

/** What a new instance starts with. */
export const defaultInstanceSettings: InstanceSettings = {
  notifySentByMe: false,
  callRejectAuto: false,
  callRejectMessage: "",
  autoReadMessage: false,
  autoReadStatus: false,
  disableEnqueueWhenDisconnected: false,
  deliveryOrder: "instance",
  sessionName: "Mac OS",
  isDevice: false,
  businessDevice: false,
};

/** Subscription of an instance as the partner routes know it. */
export interface Subscription {
  readonly state: "trial" | "active" | "canceled";
  /** Epoch milliseconds at which it ends; undefined when it does not. */
  readonly dueAt?: number;
}

/** One WhatsApp account with its tokens and settings. */
export interface Instance {
  /** 32 upper-case hex digits. */
  readonly id: string;
  readonly name: string;
  /** In the URL of every instance route; sealed at rest. */
  readonly token: string;
  readonly settings: InstanceSettings;
  readonly hooks: Hooks;
  /** In the order they were given in. */
  readonly furtherHooks: readonly FurtherHook[];
  readonly subscription: Subscription;
  /** Standard Webhooks secrets (`whsec_…`), newest first; two during a rotation; sealed at rest. */
  readonly webhookSecrets: readonly string[];
  readonly connection: Connection;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** States of a session. The drawing and the moves are in `whatsapp/session-state.ts`. */
export const connectionStates = [
  "unpaired",
  "pairing",
  "connecting",
  "connected",
  "disconnected",
  "replaced",
  "logged_out",
  "restricted",
  "locked",
  "banned",
] as const;

/** Where a session stands. */
export type ConnectionState = (typeof connectionStates)[number];

/** The persisted state of a session: what it says is evidence, with reason and time. */
export interface Connection {
  readonly state: ConnectionState;
  /** Stable word for why (`paired`, `connection_lost`, `replaced`, `logged_out`, `stopped`…). */
  readonly reason?: string;
  /** Code WhatsApp closed with, when it did. */
  readonly statusCode?: number;
  /** What WhatsApp refused the login with, when it did. */
  readonly refusal?: Refusal;
  /** Epoch milliseconds of the last change of `state`. */
  readonly at: number;
  /** Own number, digits; set while paired. */
  readonly phone?: string;
  /** Own LID user part; set while paired. */
  readonly lid?: string;
  readonly pushName?: string;
  /** Paired with a simulated WhatsApp; the real one knows nothing of this device, nor the simulated one of a real one. */
  readonly simulated?: boolean;
  /** Epoch milliseconds of the last stanza or pong seen: the evidence behind `connected`. */
  readonly lastSeenAt?: number;
}

/** Whether this connection belongs to a paired device. */
export function isPaired(connection: Connection): boolean {
  return connection.phone !== undefined && connection.state !== "logged_out" && connection.state !== "unpaired";
}
