import {
  proto,
  type CacheStore,
  type SocketConfig,
  type UserFacingSocketConfig,
  type WAMessageKey,
} from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { AuthState } from "./auth-state.ts";
import { baileysLog } from "./baileys-log.ts";
import { boundedCache } from "./bounded-cache.ts";
import type { DeviceCache } from "./devices/device-cache.ts";
import type { GroupCache } from "./group-cache.ts";
import type { Unreadable } from "./intake/unreadable.ts";
import type { Correlation } from "./journal-entry.ts";
import { journaledSignal } from "./journaled-signal.ts";
import type { SessionsOptions } from "./options.ts";
import { browserOf } from "./linking/device-name.ts";
import type { Transport } from "./transport.ts";
import type { UnknownWire } from "./unknown-wire.ts";

/** The content of a sent message, for recipients that could not decrypt it. */
export type MessageLookup = (key: WAMessageKey) => Promise<proto.IMessage | undefined>;

const minuteMs = 60_000;

/** Whether this chunk of history is fetched. */
export function fetchesHistory(
  { syncType }: proto.Message.IHistorySyncNotification,
  options: Pick<SessionsOptions, "syncFullHistory">,
): boolean {
  return options.syncFullHistory || syncType !== proto.Message.HistorySyncType.FULL;
}

/** Every setting a socket is opened with. */
export function socketConfig(
  deps: {
    readonly auth: AuthState;
    readonly correlation: Correlation;
    readonly groups: GroupCache;
    readonly devices: DeviceCache;
    readonly transport: Transport;
    readonly getMessage: MessageLookup;
    readonly clock: Clock;
    readonly log: Log;
    /** Hears what Baileys warns of. */
    readonly heard?: (sentence: string, fields: unknown) => void;
    /** Decides about what cannot be decrypted. */
    readonly unreadable: () => Unreadable;
    /** Messages that the own phone was asked for. */
    readonly placeholders: CacheStore;
    readonly unknownWire?: (unknown: UnknownWire) => void;
    readonly encryptedFor?: (jid: string) => void;
  },
  input: { readonly deviceName: string; readonly options: SessionsOptions },
): UserFacingSocketConfig & Pick<SocketConfig, "browser"> {
  const { clock } = deps;
  const { options } = input;
  return {
    ...deps.transport.options,
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(options.qrTimeoutMs === undefined ? {} : { qrTimeout: options.qrTimeoutMs }),
    auth: { creds: deps.auth.creds, keys: deps.auth.keys },
    makeSignalRepository: journaledSignal(deps),
    logger: baileysLog(deps.log, deps.heard),
    // Without it Baileys takes whatever settings come, fitting or not.
    appStateMacVerification: { patch: true, snapshot: true },
    browser: browserOf(input.deviceName),
    connectTimeoutMs: options.connectTimeoutMs,
    keepAliveIntervalMs: options.keepAliveMs,
    defaultQueryTimeoutMs: options.queryTimeoutMs,
    // Being shown as online would silence the notifications on the owner's phone.
    markOnlineOnConnect: false,
    // Own messages are stored by the queue. Baileys' echo would sit in its event buffer and swallow later receipts.
    emitOwnEvents: false,
    syncFullHistory: options.syncFullHistory,
    shouldSyncHistoryMessage: (notice) => fetchesHistory(notice, options),
    // Our key store retries by itself and reports; a second layer of retries would hold the receipt for half a minute.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
    getMessage: deps.getMessage,
    cachedGroupMetadata: (groupId) => deps.groups.get(groupId),
    msgRetryCounterCache: boundedCache(clock, { limit: 1_000, ttlMs: 60 * minuteMs }),
    callOfferCache: boundedCache(clock, { limit: 100, ttlMs: 5 * minuteMs }),
    userDevicesCache: deps.devices.store,
    placeholderResendCache: deps.placeholders,
  };
}
