import { jidDecode, type AuthenticationCreds } from "@whiskeysockets/baileys";
import type { OwnAccount } from "./inbound.ts";

/** The own account as WhatsApp addresses it, device included. */
export interface OwnJids {
  readonly id: string;
  readonly lid?: string;
}

/** The account these credentials log in as; undefined before a phone accepted them. */
export function ownJids(creds: AuthenticationCreds): OwnJids | undefined {
  if (creds.me === undefined || creds.account === undefined) return undefined;
  return creds.me.lid ? { id: creds.me.id, lid: creds.me.lid } : { id: creds.me.id };
}

/** The user parts of the own addresses. */
export function ownAccount(own: OwnJids): OwnAccount {
  const phone = jidDecode(own.id)?.user ?? "";
  const lid = own.lid === undefined ? undefined : jidDecode(own.lid)?.user;
  return lid === undefined ? { phone } : { phone, lid };
}
