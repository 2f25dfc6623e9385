import type { WASocket } from "@whiskeysockets/baileys";
import { deviceOf, isGroupJid, isLidJid, isStatusJid, sameJid } from "#domain/jid.ts";
import { WazapiError } from "#domain/errors.ts";
import type { Log } from "#lib/log.ts";
import type { GroupCache } from "../group-cache.ts";
import type { OwnJids } from "../own-account.ts";
import type { DeviceCache } from "./device-cache.ts";

/** What a send works with that must not fail because of one device. */
export interface StaleDevicesDeps {
  readonly sock: Pick<WASocket, "getUSyncDevices" | "assertSessions">;
  readonly devices: DeviceCache;
  readonly groups: Pick<GroupCache, "get">;
  readonly own: () => OwnJids | undefined;
  readonly log: Log;
}

/** Sends; when a device of a recipient stands in the way, once more without it. */
export type PastStaleDevices = <T>(
  to: { readonly jid: string; readonly statusJidList?: readonly string[] },
  send: () => Promise<T>,
) => Promise<T>;

/** WhatsApp protocol: how the server says of a whole query for keys that one device in it is none any more. */
const staleCodes: readonly unknown[] = [404, 406];
/** Queries that may be spent on finding the devices. */
const maxQueries = 64;

/**
 * A send asks for the keys of every device that it has no session with, all in one query, and the query fails as a whole
 * when one of the devices is gone. Then the devices of all recipients are asked for anew; if that does not help, the
 * query is halved until it is known which devices fail, and they are left out. A refusal of the group itself, which has
 * the same codes, passes through, and so does what fails a second time.
 */
export function pastStaleDevices(deps: StaleDevicesDeps): PastStaleDevices {
  const { sock, devices, groups, log } = deps;

  /** Undefined: it was the group that refused. */
  async function recipientsOf(to: {
    readonly jid: string;
    readonly statusJidList?: readonly string[];
  }): Promise<readonly string[] | undefined> {
    const { jid, statusJidList = [] } = to;
    const me = deps.own();
    const own = isLidJid(jid) ? (me?.lid ?? me?.id) : me?.id;
    if (isStatusJid(jid)) return statusJidList;
    if (!isGroupJid(jid)) return [jid, ...(own === undefined ? [] : [own])];
    const group = await groups.get(jid);
    return group?.participants.map(({ id }) => id);
  }

  /** Devices whose keys cannot be had, found by halves; the others have a session afterwards. */
  async function failing(jids: readonly string[], budget: { left: number }): Promise<readonly string[]> {
    if (jids.length === 0) return [];
    budget.left -= 1;
    if (budget.left < 0) throw new WazapiError("send_failed", { message: "the keys of the recipients cannot be had" });
    try {
      await sock.assertSessions([...jids]);
      return [];
    } catch (error) {
      if (!isStale(error)) throw error;
      if (jids.length === 1) return jids;
      const half = Math.ceil(jids.length / 2);
      return [...(await failing(jids.slice(0, half), budget)), ...(await failing(jids.slice(half), budget))];
    }
  }

  return async (to, send) => {
    try {
      return await send();
    } catch (error) {
      if (!isStale(error)) throw error;
      const recipients = await recipientsOf(to);
      if (recipients === undefined) throw error;
      for (const jid of recipients) devices.forget(jid);
      const fresh = await sock.getUSyncDevices([...recipients], false, false);
      const gone = await failing(
        fresh.map(({ jid }) => jid),
        { left: maxQueries },
      );
      log.warn({ devices: fresh.length, leftOut: gone.length }, "a recipient's device is gone; sent without it");
      if (gone.some((device) => deviceOf(device) === 0 && sameJid(device, to.jid))) throw error;
      for (const device of gone) devices.leaveOut(device);
      try {
        return await send();
      } catch (cause) {
        // Not the group's refusal, although it looks like one.
        throw isStale(cause) ? new WazapiError("send_failed", { cause }) : cause;
      }
    }
  };
}

/** Baileys' queries reject with the code of the answer as data. */
function isStale(error: unknown): boolean {
  return staleCodes.includes(Object(error).data);
}
