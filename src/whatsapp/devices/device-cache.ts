import { jidDecode, jidEncode, type CacheStore, type JidServer, type JidWithDevice } from "@whiskeysockets/baileys";
import { userOf } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import { BoundedMap } from "../bounded-map.ts";

/** People's devices as Baileys keeps them for a while; some can be left out. */
export interface DeviceCache {
  /** What Baileys works with. */
  readonly store: CacheStore;
  /** Asks for this person's devices again at the next message. */
  readonly forget: (jid: string) => void;
  /** For an hour nothing is encrypted for this device. */
  readonly leaveOut: (device: string) => void;
}

const maxPeople = 5_000;
const devicesMs = 5 * 60_000;
const leftOutMs = 60 * 60_000;

/** An empty cache. */
export function createDeviceCache(clock: Clock): DeviceCache {
  const people = new BoundedMap<string, unknown>({ limit: maxPeople, ttlMs: devicesMs, clock });
  const leftOut = new BoundedMap<string, true>({ limit: maxPeople, ttlMs: leftOutMs, clock });
  const isThere = (device: Cached): boolean =>
    leftOut.get(jidEncode(device.user, device.server, device.device)) === undefined;
  return {
    store: {
      get: (user) => {
        const devices = people.get(user);
        // Baileys types each read by its caller; what is in here are the lists it put in.
        return (isList(devices) ? devices.filter(isThere) : devices) as never;
      },
      set: (user, devices) => people.set(user, devices),
      del: (user) => people.delete(user),
      flushAll: () => people.clear(),
    },
    forget: (jid) => people.delete(userOf(jid)),
    leaveOut: (device) => {
      const parts = jidDecode(device);
      if (parts !== undefined) leftOut.set(jidEncode(parts.user, parts.server, parts.device), true);
    },
  };
}

type Cached = JidWithDevice & { readonly server: JidServer };

function isList(devices: unknown): devices is readonly Cached[] {
  return Array.isArray(devices);
}
