import type { Fact } from "./fact.ts";

const gate = "whatsapp/stanza-gate.test.ts";
const intake = "whatsapp/intake.test.ts";
const offline = "sandbox/offline.test.ts";
const unreadable = "whatsapp/unreadable.test.ts";

/** Facts about intake. */
export const intakeFacts: readonly Fact[] = [
  {
    id: "status-stanza",
    fact: "Somebody's status comes as a stanza <status>, otherwise like a <message> of status@broadcast, and has to be confirmed by an ack of class status with participant and type. Switched on account by account; unconfirmed it ends the stream after about fifty minutes and comes again at each login.",
    since: "2026-07",
    source: "whatsmeow a2381054; oxidezap/whatsapp-rust #1101; devlikeapro/waha #2151 (production logs)",
    sandbox:
      "Statuses come as <status> and only an ack of that class confirms them; `statusForm` message brings the old form.",
    sandboxBy: [{ file: intake, name: "in its own stanza is read once" }],
    client: "The stanza is journaled as it is decrypted, confirmed afterwards, and read as a message.",
    clientBy: [
      { file: intake, name: "in its own stanza is read once" },
      { file: gate, name: "a status reaches Baileys as a message, and is confirmed once" },
    ],
    phone:
      "Whether an account has it yet: `wazapi events tail` while a contact posts a status; the metric wazapi_unconfirmed_stanzas_total stays at 0.",
  },
  {
    id: "channel-status-stanza",
    fact: "Statuses of channels come by the same tag, from …@newsletter, unencrypted.",
    since: "2026-07",
    source: "whatsmeow a2381054",
    sandbox: "Channels are not played; such a stanza is sent by `wazapi sandbox stanza`.",
    sandboxBy: [{ file: intake, name: "of a channel is read and confirmed as a status" }],
    client: "It is journaled, confirmed as a status, and told as a post of the channel.",
    clientBy: [{ file: intake, name: "of a channel is read and confirmed as a status" }],
    phone: "What a channel's status looks like to customers: follow a channel that posts them, `wazapi events tail`.",
  },
  {
    id: "backlog-credit",
    fact: "After a login the server announces what waits, sends about five stanzas, and then only as many as each offline_batch asks for; live stanzas are held back until it says <ib><offline>. Whoever asks once stays deaf after that many.",
    since: "2026-05",
    source:
      "oxidezap/whatsapp-rust #629; vinikjkkj/zapo #269; WhiskeySockets/Baileys #2810, #2331, #2491 (production logs)",
    sandbox: "Five unasked, then credit by request only; `offlineQueue` window brings the old sliding window.",
    sandboxBy: [{ file: offline, name: "a few come unasked, then only as many as are asked for" }],
    client:
      "Two hundred more are asked for as the backlog comes, while little of it is on its way through the process.",
    clientBy: [
      { file: intake, name: "is asked for until it ends, and what is live comes behind it" },
      { file: "scenarios/intake.test.ts", name: "all that waited and what came after it" },
      { file: "whatsapp/backlog-pull.test.ts", name: "nothing is asked for while much is on its way" },
    ],
    phone:
      "The real size of the primer and the windows: a night offline in busy groups, then `wazapi status` and the events of the night.",
  },
  {
    id: "backlog-alarm",
    fact: "Some logins answer pings and deliver nothing: neither stanzas nor the end of the backlog.",
    since: "2026-09",
    source: "WhiskeySockets/Baileys #2491 (5 times in 38 days), #2810",
    sandbox:
      "The fault `deaf` makes a login so: it is answered, and gets neither what waits, nor its end, nor what comes.",
    sandboxBy: [{ file: offline, name: "a login may stay deaf" }],
    client:
      "After 60 s without progress and without the end it is logged, counted and asked once more; after 60 s more the connection is made anew.",
    clientBy: [
      { file: intake, name: "is asked once more, then made anew, and nothing is lost" },
      { file: "whatsapp/backlog-pull.test.ts", name: "a backlog that neither moves nor ends is asked for once more" },
      { file: "whatsapp/backlog-pull.test.ts", name: "one that is taken in slowly is not given up" },
    ],
  },
  {
    id: "error-ack-keeps",
    fact: "An ack with an error is a refusal: the stanza stays first in the offline queue and what is behind it is withheld; a plain ack or a receipt releases it. Baileys refuses what it cannot decrypt.",
    since: "2026-08",
    source: "WhiskeySockets/Baileys #2779 (production logs: more than 80 queued, a plain ack freed them)",
    sandbox: "A refused stanza stays and holds back the rest at later logins; `errorAck` confirms takes it as an ack.",
    sandboxBy: [{ file: offline, name: "what it refuses stays first and holds back the rest at later logins" }],
    client:
      "Nothing is refused: what cannot be decrypted is kept in the journal, asked of its author when it comes first, told as a message that waits, and confirmed by a plain ack.",
    clientBy: [
      { file: intake, name: "is asked of its author, never refused, and read when it comes again" },
      { file: intake, name: "is given up when the author does not answer" },
    ],
  },
  {
    id: "receipt-acks",
    fact: "The server answers each receipt of a client, also one that asks for a message again, with an ack of class receipt. A request that was written and not answered may be lost with the connection; then the same bytes come again.",
    since: "2026",
    source: "Auties00/Cobalt, landed source; not seen on a wire of our own",
    sandbox: "Every receipt is answered; the fault `retry-drop` loses a request together with its connection.",
    sandboxBy: [{ file: intake, name: "with the connection is made again on the next one" }],
    client:
      "A message that comes again is asked for again until the server has answered a request for the same bytes, once more in each new process, five times in all; the count of the requests rises. Then it is given up, and never refused.",
    clientBy: [
      { file: intake, name: "with the connection is made again on the next one" },
      { file: intake, name: "because the connection closes before it leaves" },
      { file: intake, name: "with the process is made by the next one" },
      { file: unreadable, name: "is asked again for as long as no question was heard" },
      { file: unreadable, name: "is asked once by each process, and the count rises" },
    ],
  },
  {
    id: "unplaceable-senders",
    fact: "Messages come from addresses that Baileys cannot place: bots (msmsg, unavailable fan-outs), @interop, groups without participant. It refuses them with 495 or 500, and they come again for ever.",
    since: "2026-04",
    source: "oxidezap/whatsapp-rust #659; whatsmeow and vinikjkkj/zapo route @bot and @interop",
    sandbox: "Any such stanza is sent by `wazapi sandbox stanza` and waits until it is confirmed.",
    sandboxBy: [{ file: intake, name: "is confirmed, handed on as a message that waits" }],
    client:
      "Logged once each, journaled, told as a message that waits for its content, and confirmed by a plain ack; Baileys does not get it.",
    clientBy: [
      { file: intake, name: "is confirmed, handed on as a message that waits, and holds nobody up" },
      { file: gate, name: "what cannot be placed is logged once each" },
      { file: "scenarios/intake.test.ts", name: "what cannot be placed" },
    ],
    phone: "An answer of Meta AI written on the phone: `wazapi events tail`; the queue goes on.",
  },
  {
    id: "gate-tells",
    fact: "A stanza whose handing on fails must not be swallowed without a line.",
    since: "2026-09",
    source: "own tests against raw stanzas",
    sandbox: "Any stanza can be sent raw.",
    sandboxBy: { not: "it is about what happens inside wazapi" },
    client: "It is logged, stays in the journal for the next replay, and what is behind it goes on.",
    clientBy: [{ file: gate, name: "what cannot be handed on is logged, stays in the journal" }],
  },
  {
    id: "odd-stanzas",
    fact: "Whatever a stanza says may be missing or absurd: a moment no date can name, settings without the name of their collection, whom a stanza comes from, the text of a post in a channel.",
    since: "2026-12",
    source: "own tests against raw stanzas",
    sandbox: "Any stanza is sent by `wazapi sandbox stanza`.",
    sandboxBy: { not: "the stanza itself is what is tried" },
    client:
      "A moment that cannot be stored is that of the arrival. Settings without a name that there is are confirmed and kept from Baileys, which would ask WhatsApp for them without a pause or an end. What does not say whom it comes from is counted, and confirmed to the server itself: Baileys would give up on such a receipt before it confirms it. A post in clear that nothing can read is counted, kept and confirmed; Baileys would refuse it.",
    clientBy: [
      { file: "whatsapp/odd-stanzas.test.ts", name: "is confirmed" },
      { file: "whatsapp/odd-stanzas.test.ts", name: "whose text is broken is confirmed, handed on once and counted" },
      { file: "pipeline/odd-times.test.ts", name: "a moment on the wire that is %s" },
      { file: gate, name: "settings without the name of their collection" },
    ],
  },
  {
    id: "unconfirmed-named",
    fact: "A stanza that was not confirmed for about fifty minutes ends the stream: <stream:error> holds an ack with its class, id and type.",
    since: "2026-07",
    source:
      "oxidezap/whatsapp-rust #1101; devlikeapro/waha #2151; WhiskeySockets/Baileys #1910, #2450 (production logs)",
    sandbox:
      "After `unconfirmedMs` (50 minutes) the stream ends that way; the fault `confirm-drop` loses a confirmation.",
    sandboxBy: [{ file: offline, name: "what is confirmed too late ends the stream, which names it" }],
    client:
      "Exactly that stanza is confirmed by a plain ack after the next login, behind its own treatment; it is logged and counted by class, and no webhook says that the connection went and came.",
    clientBy: [
      { file: intake, name: "is named by the end of the stream, confirmed after the next login" },
      { file: "whatsapp/quiet-reconnect.test.ts", name: "of which it is back in time is told to nobody" },
    ],
  },
  {
    id: "receipt-addressee",
    fact: "A receipt confirms only what came from the address it goes to. Baileys' receipt for a copy of an own message without a LID has no address at all.",
    since: "2026-07",
    source: "oxidezap/whatsapp-rust #1101; own reading of Baileys' sendReceipt",
    sandbox: "Receipts confirm only with the right `to` and participant; `receiptTo` ignored looks away.",
    sandboxBy: [{ file: offline, name: "confirm: a receipt only where it goes to whom the message came from" }],
    client: "Such copies are confirmed by a plain ack from here as well.",
    clientBy: [{ file: gate, name: "a copy of what the owner wrote on the phone" }],
  },
  {
    id: "own-fanout-to-bots",
    fact: "What the owner asks Meta AI is copied to the other devices with recipient …@bot.",
    since: "2026-04",
    source: "oxidezap/whatsapp-rust #659",
    sandbox: "Sent by `wazapi sandbox stanza`.",
    sandboxBy: { not: "the phone that the sandbox plays does not talk to bots by itself" },
    client:
      "It is an own message in the chat with the bot (Baileys files it under the own number), confirmed by a plain ack, since Baileys' receipt for it names nobody.",
    clientBy: [
      { file: intake, name: "what the owner asks a bot waits in the chat with the bot" },
      { file: "whatsapp/bot-chats.test.ts", name: "as Baileys reports it; nobody else's message goes there" },
    ],
    phone: "Ask Meta AI on the phone, `wazapi events tail`.",
  },
  {
    id: "session-moves",
    fact: "When sessions moved from numbers to LIDs, all messages of some senders failed with Bad MAC until their sessions were made anew.",
    since: "2026-05",
    source: "WhiskeySockets/Baileys #2331 (production logs)",
    sandbox: "A contact's `corrupt` messages fail like that.",
    sandboxBy: [{ file: intake, name: "is asked of its author, never refused, and read when it comes again" }],
    client: "Failures are counted for each sender; five within ten minutes are logged and counted as a storm, once.",
    clientBy: [{ file: "whatsapp/storm-watch.test.ts", name: "failures of one sender in a row are told of once" }],
  },
  {
    id: "hosted-and-companion-floods",
    fact: "Floods of account_sync and devices notices name hosted devices (@hosted, device 99).",
    since: "2026-06",
    source: "whatsmeow and oxidezap/whatsapp-rust handle them",
    sandbox:
      "Whoever gets or loses a provider's device is told of in such a notice; any other is sent by `wazapi sandbox stanza`.",
    sandboxBy: [{ file: "whatsapp/hosted-people.test.ts", name: "comes to a provider, and leaves it" }],
    client: "Such notices pass to Baileys, which acknowledges each; hosted senders are read like any other.",
    clientBy: [{ file: "whatsapp/hosted-people.test.ts", name: "account_sync names the provider's device" }],
    phone: "An account with a hosted device: `wazapi doctor` and the metric wazapi_unknown_wire_total.",
  },
  {
    id: "unknown-stanza-tags",
    fact: "Any whole stanza with an id is owed an ack, also of a tag that appeared yesterday; else it stays queued.",
    since: "2026-08",
    source: "oxidezap/whatsapp-rust #1239",
    sandbox:
      "Any stanza can be sent raw (`wazapi trigger unknown-stanza` sends one) and waits until an ack of its own class.",
    sandboxBy: [{ file: offline, name: "what it refuses stays first and holds back the rest at later logins" }],
    client: "Kept in the journal until retention, confirmed by its own tag, counted, and logged once per tag.",
    clientBy: [
      { file: intake, name: "stanzas of an unknown kind are kept, confirmed by their own tag, and told once" },
      { file: "whatsapp/unknown-stanzas.test.ts", name: "confirmed in this order, and its kind is logged once" },
      { file: "live/live.test.ts", name: "live: %s leads to no webhook, is confirmed and shown" },
    ],
  },
  {
    id: "ack-form",
    fact: "The ack of a message does not repeat its type; those of statuses and notifications do.",
    since: "2026-03",
    source: "oxidezap/whatsapp-rust #365; whatsmeow",
    sandbox: "Acks are told apart by class and id; a type on a message's ack is tolerated.",
    sandboxBy: { not: "WhatsApp tolerates it as well, as far as is known" },
    client:
      "Own acks leave the type out for messages. Baileys' own acks of messages still carry it; they are few (placeholders, channel posts).",
    clientBy: [
      { file: gate, name: "what cannot be placed is logged once each" },
      { file: intake, name: "is confirmed, handed on as a message that waits" },
    ],
  },
];
