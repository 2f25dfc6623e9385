import type { ChatRef, PersonRef } from "#domain/captured.ts";
import { canonicalJid, deviceOf, isLidJid, isPersonJid, lidJid, personJid, userOf } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import { createTtlCache } from "#lib/ttl-cache.ts";
import type { ChatRow, ContactRow, DirectoryStore } from "#store/directory.ts";
import type { ContactPatch, LidPair } from "#store/records.ts";
import type { OwnAccount } from "./inbound-batch.ts";

/** Whose address book it is. */
export interface Owner {
  readonly instanceId: string;
  readonly own: OwnAccount;
}

/** Names and numbers out of the table, with a bounded cache in front. Never asks the network. */
export interface AddressBook {
  /** A person; `alt` is the other JID of the pair, when the stanza carried it. The device is kept when the JID names one. */
  readonly person: (owner: Owner, jid: string, alt?: string) => Promise<PersonRef>;
  /** A chat; `alt` as above. */
  readonly chat: (owner: Owner, jid: string, alt?: string) => Promise<ChatRef>;
  readonly contact: (owner: Owner, jid: string) => Promise<ContactRow | undefined>;
  readonly chatRow: (owner: Owner, chatId: string) => Promise<ChatRow | undefined>;
  /** Remembers pairs at once, before they are stored. */
  readonly learn: (instanceId: string, pairs: readonly LidPair[]) => void;
  /** The row gets these values with this batch: whoever writes next in it is shown with them. */
  readonly learnContact: (instanceId: string, patch: ContactPatch) => void;
  /** The row is about to change. */
  readonly forgetChat: (instanceId: string, chatId: string) => void;
}

const pairTtlMs = 3_600_000;
const unknownPairTtlMs = 10_000;
const contactTtlMs = 30_000;
const chatTtlMs = 2_000;
const maxEntries = 20_000;

/** The address book of all instances of this process. */
export function createAddressBook(
  directory: Pick<DirectoryStore, "phoneOf" | "lidOf" | "contact" | "chat">,
  clock: Clock,
): AddressBook {
  const pairs = createTtlCache<string | undefined>(clock, maxEntries);
  const contacts = createTtlCache<ContactRow | undefined>(clock, maxEntries);
  const chats = createTtlCache<ChatRow | undefined>(clock, maxEntries);

  const otherHalf = async (key: string, ask: () => Promise<string | undefined>): Promise<string | undefined> => {
    const known = pairs.get(key);
    if (known !== undefined) return known.value;
    const found = await ask();
    pairs.set(key, found, found === undefined ? unknownPairTtlMs : pairTtlMs);
    return found;
  };
  const phoneOfLid = ({ instanceId, own }: Owner, lid: string): Promise<string | undefined> | string =>
    lid === own.lid ? own.phone : otherHalf(`${instanceId} lid ${lid}`, () => directory.phoneOf({ instanceId, lid }));
  const lidOfPhone = ({ instanceId, own }: Owner, phone: string): Promise<string | undefined> | string | undefined =>
    phone === own.phone
      ? own.lid
      : otherHalf(`${instanceId} phone ${phone}`, () => directory.lidOf({ instanceId, phone }));

  const halves = async (owner: Owner, jid: string, alt: string | undefined) => {
    if (isLidJid(jid)) {
      const lid = userOf(jid);
      const given = alt !== undefined && isPersonJid(alt) ? userOf(alt) : undefined;
      return { lid, phone: given ?? (await phoneOfLid(owner, lid)) };
    }
    if (!isPersonJid(jid)) return {};
    const phone = userOf(jid);
    const given = alt !== undefined && isLidJid(alt) ? userOf(alt) : undefined;
    return { phone, lid: given ?? (await lidOfPhone(owner, phone)) };
  };

  return {
    person: async (owner, jid, alt) => {
      const { phone, lid } = await halves(owner, jid, alt);
      return {
        jid: canonicalJid(jid),
        ...(phone === undefined ? {} : { phone }),
        ...(lid === undefined ? {} : { lid: lidJid(lid) }),
        ...(/:\d+@/.test(jid) ? { device: deviceOf(jid) } : {}),
      };
    },
    chat: async (owner, jid, alt) => {
      const address = canonicalJid(jid);
      const { phone, lid } = await halves(owner, address, alt);
      const chatId = phone === undefined ? address : personJid(phone);
      return {
        chatId,
        ...(address === chatId ? {} : { address }),
        ...(phone === undefined ? {} : { phone }),
        ...(lid === undefined ? {} : { chatLid: lidJid(lid) }),
      };
    },
    contact: async ({ instanceId }, jid) => {
      const key = `${instanceId} ${jid}`;
      const known = contacts.get(key);
      if (known !== undefined) return known.value;
      const row = await directory.contact({ instanceId, contactId: jid });
      contacts.set(key, row, contactTtlMs);
      return row;
    },
    chatRow: async ({ instanceId }, chatId) => {
      const key = `${instanceId} ${chatId}`;
      const known = chats.get(key);
      if (known !== undefined) return known.value;
      const row = await directory.chat({ instanceId, chatId });
      chats.set(key, row, chatTtlMs);
      return row;
    },
    learn: (instanceId, learned) => {
      for (const { lid, phone } of learned) {
        pairs.set(`${instanceId} lid ${lid}`, phone, pairTtlMs);
        pairs.set(`${instanceId} phone ${phone}`, lid, pairTtlMs);
      }
    },
    learnContact: (instanceId, patch) => {
      const key = `${instanceId} ${patch.contactId}`;
      // What is not cached is read when it is needed, and that is after it was stored or just before.
      const known = contacts.get(key);
      if (known !== undefined) contacts.set(key, { instanceId, ...known.value, ...patch }, contactTtlMs);
    },
    forgetChat: (instanceId, chatId) => chats.delete(`${instanceId} ${chatId}`),
  };
}
