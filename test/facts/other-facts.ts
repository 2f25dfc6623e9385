import type { Fact } from "./fact.ts";

const hosted = "whatsapp/hosted-people.test.ts";

/** Facts about whatever else changed. */
export const otherFacts: readonly Fact[] = [
  {
    id: "about-text-by-mex",
    fact: "The about text changes by a query of WhatsApp Web's own (mex 9152604461510864: text, emoji, duration); the older iq is answered and has no effect.",
    since: "2026-06",
    source: "whatsmeow 662b0121 and PR 1219; Baileys #2798. Landed source and users",
    sandbox: "`aboutText=mex`: only the query has effect.",
    sandboxBy: [{ file: "sandbox/queries.test.ts", name: "about texts and disappearing messages" }],
    client: "`PUT /profile-description` sends the query, without an emoji and without an end; a refusal is told.",
    clientBy: [{ file: "whatsapp/profile.test.ts", name: "the about text changes for everybody" }],
    phone: "`PUT …/profile-description` and look at the profile on another phone.",
  },
  {
    id: "catalogue-without-answer",
    fact: "The query for a catalogue that Baileys knows (`w:biz:catalog`) is not answered any more.",
    since: "2026-08",
    source: "OpenWA #1524 (production)",
    sandbox: "`catalogue=silent`: no answer.",
    sandboxBy: [{ file: "scenarios/send-cards.test.ts", name: "a catalogue that WhatsApp does not tell about" }],
    client:
      "The look-up of a product card has 5 seconds in all; without an answer the card names business and product alone, and for ten minutes the next ones do not ask.",
    clientBy: [{ file: "scenarios/send-cards.test.ts", name: "a catalogue that WhatsApp does not tell about" }],
    phone: "Whether a phone shows such a card: `POST …/send-product` with a product of your own catalogue.",
  },
  {
    id: "silent-phone",
    fact: "A phone that is off, or whose app is not opened, leaves what a linked device asks it for (older messages, the content of a message, a file once more) without an answer, and nobody says so.",
    since: "2026",
    source: "Baileys #2452 (users)",
    sandbox: "`phoneAnswers` false: no answer to any of the three.",
    sandboxBy: [{ file: "whatsapp/phone-questions.test.ts", name: "that never answers is noticed" }],
    client:
      "A question without an answer for 60 s is counted (`wazapi_phone_silent_total`) and logged, once until the phone answers again; not when the connection ends before. `GET chat-messages` says `phone_silent` after its 5 s: as a header beside what is stored, as an error where nothing is.",
    clientBy: [
      { file: "whatsapp/phone-questions.test.ts", name: "that never answers is noticed" },
      { file: "whatsapp/phone-questions.test.ts", name: "that are not answered are counted each" },
      { file: "whatsapp/history.test.ts", name: "is noticed when the phone does not answer" },
      { file: "whatsapp/history-pages.test.ts", name: "says that it did not answer" },
      { file: "http/chat-messages.test.ts", name: "a phone that does not answer: an error where nothing is stored" },
    ],
    phone: "Switch the phone off, `curl -i …/chat-messages/NUMBER?amount=50`, and look at the header.",
  },
  {
    id: "channel-queries-rotated",
    fact: "The numbers of the queries about channels change now and then; the old ones are answered with 400.",
    since: "2026-08",
    source: "whatsapp-rust #1372; zapo #240 (landed source)",
    sandbox: "`channelQueries=rotated`: Baileys' query for a channel is answered with 400.",
    sandboxBy: [{ file: "scenarios/send-cards.test.ts", name: "as %s writes it" }],
    client:
      "The name of a channel has 3 seconds; without it the invitation goes with none, the recipient's app has it from the channel. The invitation's own query (9387141988078609) is still current.",
    clientBy: [{ file: "scenarios/send-cards.test.ts", name: "as %s writes it" }],
  },
  {
    id: "brazils-ninth-digit",
    fact: "A Brazilian number may be registered without its ninth digit; the answer about a number names it as WhatsApp spells it.",
    since: "always",
    source: "zapo #204",
    sandbox: "Every number is registered as it is written.",
    sandboxBy: { not: "the sandbox spells no number otherwise" },
    client: "What is written to is the name in the answer, not the one asked for.",
    clientBy: { not: "needs a number that is spelt otherwise" },
    phone: "`npx wazapi send` to a Brazilian number of before 2016, with and without the ninth digit.",
  },
  {
    id: "harmless-novelties",
    fact: '`<ib><thread_metadata>`, `offline="0"`, the companion nonce and keep-alive changes ask nothing of a client.',
    since: "2026",
    source: "zapo #207, #220; Baileys #2767",
    sandbox: "Any stanza can be sent by control: `wazapi sandbox stanza`.",
    sandboxBy: { not: "nothing follows from them" },
    client: "They pass; media that is gone is asked for by code of our own, Baileys' is broken.",
    clientBy: { not: "nothing follows from them" },
  },
  {
    id: "hosted-devices",
    fact: "Companies on a hosted API have a device that a provider runs: 99, at the servers `hosted` and `hosted.lid`; the list of devices marks it `is_hosted`. It reads and writes chats with people, is given no sender keys (Baileys, whatsmeow; zapo holds that WhatsApp Web gives them), and reads a request for a message only with keys in it.",
    since: "2026",
    source: "whatsmeow and whatsapp-rust #1063, #1234, landed source; zapo #111, #241 (read from WhatsApp Web)",
    sandbox:
      "`wazapi sandbox contact NUMBER --hosted` gives somebody such a device, with keys of its own; `send --hosted` writes from it.",
    sandboxBy: [
      { file: hosted, name: "a text reaches the phone and the provider" },
      { file: hosted, name: "a group text reaches the others, and the provider is given no key" },
    ],
    client:
      "Baileys' list of devices is used as it is; what the device writes is the person's; it is asked again with keys from the first time on. Not done: `<meta sender_intent=hosted>` beside what is sent to it again, which one project has found.",
    clientBy: [
      { file: hosted, name: "a text of the provider by" },
      { file: hosted, name: "what the provider sends is asked for again when it cannot be read" },
      { file: hosted, name: "what a provider wrote for the own account is our own message" },
    ],
    phone: "Write to a company that uses Meta's hosted API: `npx wazapi send NUMBER oi --wait delivered`.",
  },
  {
    id: "broadcast-lists",
    fact: "A message to a broadcast list can arrive with the list (`…@broadcast`) as the chat and its author as participant.",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #1862 (users)",
    sandbox: "Nobody has a broadcast list; such a stanza can be sent by control: `wazapi sandbox stanza`.",
    sandboxBy: { not: "what phones send is seen in reports only" },
    client:
      "Baileys reads it with the list as chat and its author as participant; it is journaled, confirmed and told like any message. Shown for one without a body: the sandbox encrypts for no list.",
    clientBy: [{ file: "whatsapp/intake.test.ts", name: "what comes to a broadcast list in that of the list" }],
    phone: "Put the number into a broadcast list, write to the list, and look at `wazapi events tail`.",
  },
  {
    id: "no-device-list",
    fact: "Own messages can come without `deviceListMetadata`; clients that insist on it decrypt in circles.",
    since: "2026-05",
    source: "WhiskeySockets/Baileys #2548 (users)",
    sandbox: "Its people and phones never send the metadata.",
    sandboxBy: { not: "every message of every test comes without it" },
    client: "Nothing reads it; each message is decrypted once.",
    clientBy: [
      { file: "whatsapp/intake.test.ts", name: "is asked for until it ends, and what is live comes behind it" },
    ],
  },
  {
    id: "business-nodes",
    fact: "Buttons, lists, PIX and bills need a `biz` node of their own beside the ciphertext, by kind.",
    since: "2026",
    source: "zapo #228 (landed source)",
    sandbox: "What stands beside the ciphertext is handed to the recipient and shown in the inbox.",
    sandboxBy: [{ file: "scenarios/send-interactive.test.ts", name: "a film above the buttons arrives whole" }],
    client: "Each kind goes with its node.",
    clientBy: [{ file: "scenarios/send-interactive.test.ts", name: "in a group, with a quote and a mention" }],
    phone: "Whether phones show them: `POST …/send-button-list` to a phone of yours.",
  },
];
