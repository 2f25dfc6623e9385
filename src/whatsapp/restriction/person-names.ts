import { canonicalJid, isLidJid, isPersonJid, lidJid, personJid, userOf } from "#domain/jid.ts";
import type { DirectoryStore } from "#store/directory.ts";

/** Where names are looked up. */
export interface PersonNamesDeps {
  readonly directory: Pick<DirectoryStore, "phoneOf" | "lidOf">;
}

/** The names of a person, user parts only; at least one is there. */
export interface PersonNames {
  readonly phone?: string;
  readonly lid?: string;
}

/** All names of the person whose chat this is; undefined for groups, channels and the status. */
export async function personNames(
  { directory }: PersonNamesDeps,
  instanceId: string,
  to: string,
): Promise<PersonNames | undefined> {
  const chat = canonicalJid(to);
  if (isLidJid(chat)) {
    const lid = userOf(chat);
    const phone = await directory.phoneOf({ instanceId, lid });
    return { lid, ...(phone === undefined ? {} : { phone }) };
  }
  if (!isPersonJid(chat)) return undefined;
  const phone = userOf(chat);
  const lid = await directory.lidOf({ instanceId, phone });
  return { phone, ...(lid === undefined ? {} : { lid }) };
}

/** The chats that the person may be kept under. */
export function jidsOf({ phone, lid }: PersonNames): readonly string[] {
  return [...(phone === undefined ? [] : [personJid(phone)]), ...(lid === undefined ? [] : [lidJid(lid)])];
}

/** The same for the same person, as far as the names are known. */
export function keyOf({ phone, lid }: PersonNames): string {
  return phone ?? `lid ${lid}`;
}
