import type { Fact } from "./fact.ts";

const newChats = "whatsapp/new-chats.test.ts";
const engine = "faults/restriction.test.ts";
const lockEnd = "whatsapp/new-chats-end.test.ts";

/** Facts about restriction. */
export const restrictionFacts: readonly Fact[] = [
  {
    id: "new-chats-locked",
    fact: "An account can be locked out of beginning chats: an ack with error 463 refuses messages to people who never wrote to it, while groups and old chats go on. Newly linked devices are hit most. Each further try counts as another one.",
    since: "2026-01",
    source:
      "WhiskeySockets/Baileys #2441, #2698 and the remarks in its own code; EvolutionAPI #2629; devlikeapro/waha #2186",
    sandbox:
      "An account can be locked by control, with an end and a reason; strangers are refused 463, all others pass, and a try within a minute of a refusal is a recorded dishonesty.",
    sandboxBy: [{ file: "sandbox/reach.test.ts", name: "locked: strangers are refused" }],
    client:
      "After the first refusal it asks WhatsApp why, before the message is tried by its other name, which is done only when there is no lock; new chats wait until the end without a try or an attempt, kept over a restart, and everything else leaves at once. Whoever writes meanwhile is a new chat no more: what waits for them leaves.",
    clientBy: [
      { file: engine, name: "new chats locked: a stranger's messages wait" },
      { file: engine, name: "whoever writes while new chats are locked" },
      { file: newChats, name: "refused: WhatsApp is asked why at once" },
      { file: newChats, name: "463 under a lock that nobody knew of" },
      { file: newChats, name: "463 without a lock" },
      { file: engine, name: "a group while the account is restricted" },
      { file: "queue/chats.test.ts", name: "restriction: new chats wait for its end" },
    ],
    phone:
      "How long real locks last and whether 463 comes for anything else: `wazapi status` and `wazapi queue list` on a locked account.",
  },
  {
    id: "new-chats-lock-told",
    fact: "Begin and end of the lock are told by the mex notification NotificationUserReachoutTimelockUpdate, with the end in seconds and a word for why; a query answers the same. Many locks name no end; WhatsApp Web then counts on a minute.",
    since: "2026-05",
    source:
      "WhiskeySockets/Baileys 7.0.0-rc14 (its parser and types); the branch that would ask after a 463 is never reached there",
    sandbox: "It tells both and answers the query.",
    sandboxBy: [{ file: "sandbox/reach.test.ts", name: "locked: begin and end are told" }],
    client:
      "It stores what it is told, reads the notification itself (Baileys makes up the minute), asks after a login, at the end and, where none is named, again and again (news that come meanwhile count for more than the answer); it lets go at once what waited when the lock is lifted, and what goes on waiting says the new end. Begin, other end and end are told by a webhook of their own, once each.",
    clientBy: [
      { file: newChats, name: "locked: strangers are held before anything leaves" },
      { file: engine, name: "new chats locked: a stranger's messages wait" },
      { file: lockEnd, name: "a lock that runs out is over when WhatsApp says so" },
      { file: lockEnd, name: "an end is looked at by itself" },
      { file: lockEnd, name: "a lock without an end: none is shown" },
      { file: lockEnd, name: "what WhatsApp tells while it is being asked is newer than its answer" },
      { file: engine, name: "a lock is told to the hook that is set for it alone" },
      { file: engine, name: "a lock that gets another end: what waits says the new end" },
    ],
  },
  {
    id: "new-chats-quota",
    fact: "The number of chats that may be begun in a cycle can be capped; the account is told used and total, with warnings before the end. Beyond it messages to new people are refused (475).",
    since: "2026-05",
    source:
      "devlikeapro/waha #2186; types and query of WhiskeySockets/Baileys 7.0.0-rc14; that the refusal is 475 is inferred",
    sandbox: "A quota can be set by control; it counts new people, tells each step and refuses beyond it.",
    sandboxBy: [{ file: "sandbox/reach.test.ts", name: "quota: each new person counts once" }],
    client:
      "Used and total are shown with the status; once the quota is used up new chats wait for the end of the cycle.",
    clientBy: [{ file: engine, name: "quota of new chats used up" }],
    phone:
      "The code of the refusal, and when the notification comes: begin chats until it does, with `wazapi status` beside it.",
  },
  {
    id: "privacy-token-demanded",
    fact: "Who writes to an account gives it a privacy token, by notification, in the history or as a child of the message itself; messages to that person carry it, resends too, or may be refused 463. Tokens live about four weeks.",
    since: "2026-03",
    source:
      "WhiskeySockets/Baileys #2698, #2707, PR #2752 (closed), zapo #167; how strictly the server asks for it is inferred",
    sandbox:
      "People give tokens with their messages, and by control with a notification; once a device has confirmed one, messages to that person without it are refused.",
    sandboxBy: [{ file: "sandbox/reach.test.ts", name: "token: a device that has it must send it" }],
    client: "Tokens are taken from messages, too, filed by LID, only newer ones; first sends and resends carry them.",
    clientBy: [
      { file: newChats, name: "a token that came with a message goes with the answer" },
      { file: newChats, name: "tokens: only a newer one replaces what is there" },
      { file: newChats, name: "a resend carries the token as well" },
    ],
    phone:
      "Whether a message without a held token is refused is not to be tried on a real account; that one with it passes shows `npx wazapi send NUMBER oi --wait delivered` to somebody who wrote before.",
  },
  {
    id: "tokens-after-linking",
    fact: "Linking anew loses the privacy tokens of everybody who wrote before; the phone's history brings them back. What is sent before that carries none.",
    since: "2026-03",
    source:
      "WhiskeySockets/Baileys #2441 (the same host: an old session fine, a new one refused); inferred from its code",
    sandbox: "The history that it shares carries no tokens.",
    sandboxBy: { not: "how a real phone's history carries them was not seen" },
    client:
      "Tokens in a history are taken by Baileys. Sending does not wait for it: what is refused 463 meanwhile waits for itself and is tried again.",
    clientBy: { not: "nothing waits for the history after linking" },
    phone:
      "Link an account anew and at once `npx wazapi send NUMBER oi --wait delivered` to somebody who wrote before: look for code 463 in the log.",
  },
  {
    id: "one-refused-contact",
    fact: "A refusal of one chat (463, or a look-up that nobody answers) says nothing about the others.",
    since: "2026-04",
    source:
      "nanoclaw and EvolutionAPI reports of queues that stood behind one refused contact (#2629, #2689); follows from the facts above",
    sandbox: "It refuses that chat only.",
    sandboxBy: [{ file: "sandbox/reach.test.ts", name: "locked: strangers are refused" }],
    client:
      "What waits for itself is set aside with its own time and holds up its own chat only; each chat keeps its order, over restarts too.",
    clientBy: [
      { file: "queue/chats.test.ts", name: "one contact refused: a text to another leaves at once" },
      { file: "contract/queue-chats.ts", name: "a message that was put back for later holds up its chat" },
      { file: "queue/fifo.property.test.ts", name: "each chat keeps its order and nothing is lost" },
    ],
  },
];
