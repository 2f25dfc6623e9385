import { WazapiError } from "#domain/errors.ts";
import { canonicalJid, isPersonJid, lidJid, userOf } from "#domain/jid.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { BoundedMap } from "./bounded-map.ts";
import type { LiveSocket } from "./live-socket.ts";

/** What WhatsApp said of a number: the JID it writes it with, or that nobody has it. */
export type Recipient = { readonly jid: string } | "nobody";

/** Where recipients are looked up. */
export interface RecipientDeps {
  readonly directory: DirectoryStore;
  readonly known: BoundedMap<string, Recipient>;
}

/**
 * The JID to write to. Groups, channels, LIDs and numbers with a known LID cost no query; any other number is asked
 * about once and remembered. WhatsApp may spell it differently (Brazil's ninth digit). Throws `number_not_on_whatsapp`.
 */
export async function resolveRecipient(
  deps: RecipientDeps,
  input: { readonly instanceId: string; readonly to: string; readonly socket: LiveSocket },
): Promise<string> {
  const to = canonicalJid(input.to);
  if (!isPersonJid(to)) return to;
  const remembered = deps.known.get(to);
  const found = remembered ?? (await lookUp(deps, { ...input, to }));
  if (remembered === undefined) deps.known.set(to, found);
  if (found === "nobody") throw new WazapiError("number_not_on_whatsapp");
  return found.jid;
}

async function lookUp(
  deps: RecipientDeps,
  input: { readonly instanceId: string; readonly to: string; readonly socket: LiveSocket },
): Promise<Recipient> {
  const { to } = input;
  const { sock } = input.socket;
  const phone = userOf(to);
  // A number we hold a LID of has been seen on WhatsApp; Baileys' own look-up would ask the server for an unknown one.
  const { [phone]: paired } = await sock.authState.keys.get("lid-mapping", [phone]);
  if (paired !== undefined) return { jid: to };
  const lid = await deps.directory.lidOf({ instanceId: input.instanceId, phone });
  if (lid !== undefined) {
    await sock.signalRepository.lidMapping.storeLIDPNMappings([{ lid: lidJid(lid), pn: to }]);
    return { jid: to };
  }
  const answer = await sock.onWhatsApp(to);
  if (answer === undefined) throw new WazapiError("timeout", { message: "WhatsApp did not answer about this number" });
  const [account] = answer;
  return account?.exists ? { jid: canonicalJid(account.jid) } : "nobody";
}
