import type { proto } from "@whiskeysockets/baileys";
import type { SendOptions } from "#domain/content.ts";
import { canonicalJid, personJid } from "#domain/jid.ts";

/** Who a message mentions, in Baileys' words. */
export interface Mentions {
  readonly mentions?: string[];
  readonly mentionAll?: boolean;
  readonly contextInfo?: proto.IContextInfo;
}

/** Mentions of people, of everybody and of groups. */
export function mentions(options: SendOptions): Mentions {
  const people = options.mentioned?.map((person) => (person.includes("@") ? canonicalJid(person) : personJid(person)));
  const groups = options.groupMentioned?.map(({ phone, subject }) => ({
    groupJid: phone.includes("@") ? canonicalJid(phone) : `${phone.replace(/-group$/, "")}@g.us`,
    groupSubject: subject,
  }));
  return {
    ...(people === undefined || people.length === 0 ? {} : { mentions: people }),
    ...(options.mentionAll === true ? { mentionAll: true } : {}),
    ...(groups === undefined || groups.length === 0 ? {} : { contextInfo: { groupMentions: groups } }),
  };
}

/** The same as a message carries it; undefined when nobody is mentioned. */
export function mentionContext(options: SendOptions): proto.IContextInfo | undefined {
  const { mentions: people, mentionAll, contextInfo } = mentions(options);
  const context: proto.IContextInfo = {
    ...contextInfo,
    ...(people === undefined ? {} : { mentionedJid: people }),
    ...(mentionAll === true ? { nonJidMentions: 1 } : {}),
  };
  return Object.keys(context).length === 0 ? undefined : context;
}

/** The same as a part of a message; empty when nobody is mentioned. */
export function contextOf(options: SendOptions): { readonly contextInfo?: proto.IContextInfo } {
  const contextInfo = mentionContext(options);
  return contextInfo === undefined ? {} : { contextInfo };
}
