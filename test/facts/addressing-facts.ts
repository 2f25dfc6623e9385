import type { Fact } from "./fact.ts";

const client = "whatsapp/addressing.test.ts";
const acks = "whatsapp/ack-words.test.ts";
const server = "sandbox/addressing.test.ts";

/** Facts about how chats are addressed, by number or by LID, and about acks. */
export const addressingFacts: readonly Fact[] = [
  {
    id: "number-or-lid",
    fact: "An account whose chats were migrated to LIDs may not write to a number (ack error 463), one that was not may not write to a LID; numbers and LIDs in one stanza are refused with 400. `peer_recipient_pn` beside a LID names the number.",
    since: "2026-04, share of migrated accounts growing",
    source:
      "whatsmeow 4f8f64e0 (13 Jul 2026); OpenWA #717; Baileys #2692, #2711, #2748; the reverse: whatsapp-rust #941, #943. Production logs and landed source",
    sandbox:
      "Accounts are migrated or not (`wazapi sandbox migrate`); `addressing=checked` refuses the wrong name, and a missing `peer_recipient_pn` is noted in the trace (`lapses`).",
    sandboxBy: [
      { file: server, name: "refuses the name that its chats do not have" },
      { file: server, name: "refuses a stanza that mixes the two" },
      { file: server, name: "lets a message without the number beside the LID pass, and notes it" },
    ],
    client:
      "The form of the chat's last accepted message decides, then of the last one that came, then what the account is known to keep, else the number; on 463, 400 or 479 the other form once under the same id. What worked is kept with the chat. Everything here stays keyed by number.",
    clientBy: [
      { file: "whatsapp/form.test.ts", name: "the last accepted message decides" },
      { file: client, name: "writes to somebody it knows by the right name at once" },
      { file: client, name: "writes to a stranger by the right name at once" },
      { file: client, name: "is refused the number once (463), takes the LID under the same id" },
      { file: client, name: "still remembers it after a restart" },
      { file: client, name: "names the number beside each LID" },
    ],
    phone:
      "Which form an account wants: `npx wazapi send OTHERNUMBER oi --wait delivered` to somebody new, and look for code 463 in the log.",
  },
  {
    id: "account-migration",
    fact: "Linking tells in `client-props` (ClientPairingProps) whether the account's chats are kept by LID, the phone tells a migration in a peer message (LIDMigrationMappingSync), and server property 9435 repeats it at each login.",
    since: "2026-04",
    source: "whatsmeow and zapo, landed source (zapo #133, #184); the property's number as these read WhatsApp Web",
    sandbox: "All three are sent, as the account is.",
    sandboxBy: [{ file: client, name: "learns it from its phone, and its old chats go on by LID" }],
    client:
      "All three are read and kept with the credentials; without them what was refused and taken tells it. What a chat was used to before is then forgotten.",
    clientBy: [
      { file: client, name: "learns it from its phone, and its old chats go on by LID" },
      { file: client, name: "is refused the number once (463), takes the LID under the same id" },
    ],
    phone:
      "Whether the three agree on a real account: `npx wazapi send OTHERNUMBER oi --wait delivered` right after linking; when they do not, nothing breaks, and the message is tried twice.",
  },
  {
    id: "devices-by-number",
    fact: "Asked for the devices behind a number, WhatsApp answers a migrated account with an empty list for other people; behind a LID it is right. Some servers name people by `pn_jid` alone.",
    since: "2026-07",
    source: "Baileys #2794 (production); whatsmeow 6e4c3416, d8960d95 (landed source)",
    sandbox: "`numberDevices=none` leaves the list empty; `usyncName=pn_jid` names people so.",
    sandboxBy: [
      { file: server, name: "names no devices behind somebody's number, and all behind a LID" },
      { file: server, name: "names people by pn_jid alone when it is told to" },
    ],
    client:
      "Answers are completed before Baileys reads them; members of groups named by number get their devices from their LIDs.",
    clientBy: [
      { file: client, name: "is told no device of a number: nothing is sent until the LID names them" },
      { file: client, name: "writes to a group whose members are named by" },
      { file: client, name: "a server that names people by pn_jid alone is understood" },
    ],
  },
  {
    id: "no-sent-without-a-reader",
    fact: "WhatsApp acknowledges a message that was encrypted for the own devices only.",
    since: "always; frequent since 2026-07",
    source: "Baileys #2794; tried here against the sandbox",
    sandbox: "Such a message is acknowledged and nobody reads it.",
    sandboxBy: [{ file: server, name: "acknowledges a message that nobody can read" }],
    client:
      "Nothing is written unless somebody else has a device; whom a send encrypted for is counted. Else the devices are asked for anew, the other name is tried, and after the queue's retries the message fails with `send_unreadable`.",
    clientBy: [
      { file: client, name: "nothing is sent, and it is said so" },
      { file: client, name: "a post whose readers all have no name" },
      { file: "whatsapp/hand-over.test.ts", name: "nobody but own devices could read what was written" },
      { file: "queue/outcome.test.ts", name: "nobody could have read it" },
    ],
  },
  {
    id: "ack-errors",
    fact: "Codes in acks: 408, 425, 500, 503 pass; 421 is a group addressed as it no longer is; 400 and 479 are wrong names or stale devices; 463 and 475 are restrictions, 463 also a wrong name; 401, 403, 404, 406 are about membership.",
    since: "2026",
    source:
      "whatsapp-rust #636, #730, #731, #925; nanoclaw #2688; Baileys #2794. How often each comes in practice is not known",
    sandbox: "Any code on demand: `wazapi sandbox fault ack-error --code`.",
    sandboxBy: [{ file: "sandbox/injected-faults.test.ts", name: "ack-error: refused with the code" }],
    client:
      "One table says what each code is worth: later, by the other name, with members asked for anew, once more, or final; always under one id. Unknown codes are counted.",
    clientBy: [
      { file: "whatsapp/ack-errors.test.ts", name: "and when that does not help" },
      { file: acks, name: "tries under one id" },
      { file: acks, name: "its members are asked for anew" },
      { file: acks, name: "a code that nobody knows is counted" },
    ],
  },
  {
    id: "ack-refresh-lid",
    fact: 'An ack with `refresh_lid="true"` says that the recipient has another LID: it is to be asked for by number before the next message. Going on without led to bans.',
    since: "2026-06",
    source: "whatsapp-rust #1313 (landed source); Baileys #2661, #2662 (users)",
    sandbox: "On demand: `wazapi sandbox fault ack-refresh-lid`.",
    sandboxBy: [{ file: server, name: "says refresh_lid and phash when it is told to" }],
    client: "The LID is asked for by number and kept; the chat's next message goes by LID.",
    clientBy: [{ file: acks, name: "refresh_lid: the LID is asked for by number" }],
    phone:
      "A contact's LID changes when they register anew, which nobody can bring about at will; after that `npx wazapi send NUMBER oi --wait delivered`.",
  },
  {
    id: "ack-phash",
    fact: "An ack with another `phash` than the message's devices give says that the list of devices was outdated. WhatsApp Web then asks for members and devices anew and sends the message to the added ones alone.",
    since: "2026-05",
    source: "WhatsApp Web's own source; whatsapp-rust #494, #524, #1461 (landed source)",
    sandbox:
      "On demand: `wazapi sandbox fault ack-phash`; the hash is that of the devices as the sandbox knows them, and a group's device without a key then gets nothing.",
    sandboxBy: [{ file: server, name: "says refresh_lid and phash when it is told to" }],
    client:
      "Members and devices are asked for anew, and those that were left out get the message alone, under its id: between two people up to 20, in a group up to 5 with the sender key (the others ask for it). Baileys does not send the attribute `phash`, so WhatsApp may never compare.",
    clientBy: [
      { file: acks, name: "phash: a device that was left out gets the message too" },
      { file: acks, name: "phash of a group: a member's device that was left out gets the message" },
      { file: acks, name: "phash of a group that is ours: nobody is asked for anything" },
    ],
    phone:
      "Whether WhatsApp compares without the attribute: link another device on the contact's side, and at once `npx wazapi send NUMBER oi --wait delivered`: that device must show it.",
  },
  {
    id: "status-by-lid",
    fact: "A status that names its audience by number is refused with 479 from a migrated account; it carries no `addressing_mode`.",
    since: "2026-07",
    source: "Baileys #2794 (production); whatsapp-rust #568, #925 (landed source)",
    sandbox: "`addressing=checked` refuses it with 479.",
    sandboxBy: [{ file: server, name: "refuses a status that names people by number" }],
    client: "The audience is named by LID on such an account; on 479 by the other name once.",
    clientBy: [
      { file: client, name: "posts a status that its contacts can read" },
      { file: client, name: "a post that names people by number is refused (479) and goes by LID" },
    ],
  },
];
