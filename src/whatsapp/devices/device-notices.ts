import type { BinaryNode, SignalDataSet, WASocket } from "@whiskeysockets/baileys";
import { canonicalJid, deviceOf, sameJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { AuthState } from "../auth-state.ts";
import { ownJids } from "../own-account.ts";
import type { BothNames } from "./both-names.ts";
import type { DeviceCache } from "./device-cache.ts";
import type { SenderKeyMemory } from "./sender-key-memory.ts";

/** What following people's devices works with. */
export interface DeviceNoticesDeps {
  readonly sock: Pick<WASocket, "authState" | "signalRepository">;
  readonly auth: Pick<AuthState, "creds">;
  readonly senderKeys: SenderKeyMemory;
  readonly devices: DeviceCache;
  readonly bothNames: BothNames;
  readonly clock: Clock;
}

/**
 * Looks at every notification before Baileys does. Somebody's keys or devices have changed: that person gets our sender
 * key again with the next message to each group, and its devices are asked for anew. Resolves once that is durable, so
 * that no acknowledgement leaves before.
 *
 * WhatsApp protocol: `<notification type="encrypt"><identity/></notification>` (WhatsApp was installed anew),
 * `<notification type="devices"><add|remove|update/></notification>`. What happened while we were away comes with
 * `offline`; Baileys then leaves the old session in use, so it is closed here: what the old installation wrote can still
 * be read, and the next message to it opens a new one.
 */
export async function noteDevices(deps: DeviceNoticesDeps, node: BinaryNode): Promise<void> {
  const { from, type, offline, lid } = node.attrs;
  if (node.tag !== "notification" || from === undefined || from === "@s.whatsapp.net") return;
  const isNewIdentity = type === "encrypt" && hasChild(node, "identity");
  if (!isNewIdentity && type !== "devices") return;
  const own = ownJids(deps.auth.creds);
  if ([own?.id, own?.lid].some((jid) => jid !== undefined && sameJid(jid, from))) return;
  const known = await deps.bothNames(from);
  const names = lid === undefined ? known : [...new Set([...known, canonicalJid(lid)])];
  for (const name of names) deps.devices.forget(name);
  await deps.senderKeys.forgetPerson(names);
  if (isNewIdentity && offline !== undefined && deviceOf(from) === 0) await closeSessions(deps, names);
}

/** Keeps the sessions with a phone for reading only. */
async function closeSessions({ sock, auth, clock }: DeviceNoticesDeps, names: readonly string[]): Promise<void> {
  const { keys } = sock.authState;
  const ids = names.map((name) => sock.signalRepository.jidToSignalProtocolAddress(name));
  await keys.transaction(async () => {
    const session: NonNullable<SignalDataSet["session"]> = {};
    for (const [id, record] of Object.entries(await keys.get("session", ids))) {
      // libsignal's own form: a plain object, although Baileys types it as bytes.
      session[id] = closed(record, clock.now()) as typeof record;
    }
    if (Object.keys(session).length > 0) await keys.set({ session });
  }, auth.creds.me?.id ?? "");
}

/** libsignal: a session that is closed has a time; -1 is the one in use. */
function closed(record: unknown, now: number): unknown {
  const { _sessions: sessions } = Object(record) as { readonly _sessions?: Readonly<Record<string, unknown>> };
  const entries = Object.entries(sessions ?? {}).map(([key, one]) => {
    const session: { readonly indexInfo?: { readonly closed?: number } } = Object(one);
    const { indexInfo } = session;
    return [key, indexInfo?.closed === -1 ? { ...session, indexInfo: { ...indexInfo, closed: now } } : one];
  });
  return { ...Object(record), _sessions: Object.fromEntries(entries) };
}

function hasChild(node: BinaryNode, tag: string): boolean {
  return Array.isArray(node.content) && node.content.some((child) => child.tag === tag);
}
