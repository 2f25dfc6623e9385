import type { Fact } from "./fact.ts";

const retries = "whatsapp/retries.test.ts";
const devices = "whatsapp/people-devices.test.ts";

/** Facts about messages that somebody could not read: in groups, after a new installation, of devices that are gone. */
export const groupFacts: readonly Fact[] = [
  {
    id: "retry-answered-pairwise",
    fact: "Every device of a group that cannot read a message asks for it again, up to five times. The answer goes to that device alone; an account that answers whole groups, or floods one with copies, is locked (failure 403, location vll).",
    since: "2026-01",
    source:
      "oxidezap/whatsapp-rust #871 and #870 (production: locked after a storm), #924 (production: 25,000 requests in two days), #408; how the answer looks: tulir/whatsmeow. Confirmed by independent clients.",
    sandbox:
      "Phones and further devices ask by themselves when they cannot read, from the second time on with keys, and by control (`wazapi sandbox retry`); more than `groupThrottle` copies of one message in a minute lock the account, an answer to the whole group counting for every member.",
    sandboxBy: [
      { file: "sandbox/groups/group-storms.test.ts", name: "answers to a whole group lock the account" },
      { file: "sandbox/groups/devices-restart.test.ts", name: "a locked account is locked" },
      {
        file: "sandbox/groups/group-storms.test.ts",
        name: "asks without keys first, with keys from the second time on",
      },
    ],
    client:
      "The gate takes the request from Baileys: one ciphertext to the asking device, with the sender key in groups; five answers for a device and message, fewer than sixty in a minute and chat, none any more once 32 members and a quarter of the group have asked (the next message brings the key to all). Every request is acknowledged.",
    clientBy: [
      { file: retries, name: "twenty members ask three times each: everybody is answered alone" },
      { file: retries, name: "in a private chat only the device that asks is answered" },
      { file: retries, name: "a status is sent again to the one who asks" },
      { file: retries, name: "a member that is refused gets the key with the next message" },
      { file: retries, name: "five answers, every request acknowledged" },
      { file: "whatsapp/retry-ledger.test.ts", name: "with the message itself never sixty in a minute" },
      { file: "whatsapp/retry-ledger.test.ts", name: "of %i members %i ask: %i are answered" },
    ],
    phone:
      "`npx wazapi send GROUPID-group oi` to a large group, switch some members' phones off and on for a day, and look in the log (LOG_LEVEL=debug) for `message sent again to the device that asked`: no storm; and `wazapi status`: no lock.",
  },
  {
    id: "retry-of-late-message",
    fact: "Phones ask days later, also for messages that were taken back or edited since.",
    since: "2026-05",
    source: "EvolutionAPI/evolution-api #2707 (production), WhiskeySockets/Baileys #2820 (open).",
    sandbox: "A phone asks for any id by control, known or not: `wazapi sandbox retry`.",
    sandboxBy: [{ file: "sandbox/groups/group-storms.test.ts", name: "asks by control for any message" }],
    client:
      "Nothing is sent again that was taken back (from here or on the own phone), is older than `WAZAPI_RESEND_MAX_AGE`, was for another chat, or that was never ours; of an edited message the newest text. What is stored counts before what Baileys remembers; a message is marked as taken back before the revocation leaves.",
    clientBy: [
      { file: retries, name: "a phone asks for a message %s" },
      { file: retries, name: "taken back, in a private chat" },
      { file: retries, name: "edited since" },
      { file: "pipeline/taken-back.test.ts", name: "a message of ours that is taken back %s is not sent again" },
    ],
  },
  {
    id: "retry-error-code",
    fact: "A request to send again says why reading failed (no session, bad MAC …), so that the author knows at once whether the session must be renewed.",
    since: "2026-03",
    source: "tulir/whatsmeow, WhatsApp Web's bundle as read there.",
    sandbox: "Requests of phones carry no code; those of clients are taken with any, and stand in the trace.",
    sandboxBy: { not: "nothing in the answer depends on it" },
    client:
      "wazapi asks by itself and names the reason as far as the words of the libraries tell it; else 0. Of requests that come in the session is renewed whatever they say.",
    clientBy: [
      { file: retries, name: "what cannot be read is asked for with the reason" },
      { file: "whatsapp/retry-ledger.test.ts", name: "why a message could not be read: %s is number %i" },
    ],
  },
  {
    id: "identity-change-forgets-sender-key",
    fact: "Who installs WhatsApp anew has neither sessions nor sender keys. The server tells everybody who knew the old keys, those who are away when they come back; the sender key must be given again.",
    since: "2026-02",
    source:
      "WhiskeySockets/Baileys #2704, #2297, PR #2711 (open); EvolutionAPI/evolution-api #2706 (production: iPhones wait for weeks).",
    sandbox:
      "`wazapi sandbox reinstall` gives a contact other keys; whoever had a session gets `<notification type=encrypt><identity/>`, with `offline` when it was away.",
    sandboxBy: [
      {
        file: "sandbox/groups/group-storms.test.ts",
        name: "installs anew: cannot read the group until it has the key again",
      },
    ],
    client:
      "Before the notice is acknowledged, that person's devices are dropped from the sender-key memory of every group, by number and by LID, and after an absence the old session is kept for reading only. So the next message to each group and the next private one can be read at once. The same when devices come or go.",
    clientBy: [
      { file: devices, name: "%s: it reads the next message to the group" },
      { file: devices, name: "devices come and go while we are away" },
    ],
    phone:
      "A member of a test group reinstalls WhatsApp, once while wazapi runs and once while it is stopped; then `npx wazapi send GROUPID-group oi`: the text must show at once, without `Waiting for this message`.",
  },
  {
    id: "stale-device-fails-batch",
    fact: "A query for the keys of many devices fails as a whole (406) when one of the devices is gone, and does not say which. The phone's signed list of key indexes, beside the list of devices, shows which devices are still valid.",
    since: "2026-04",
    source:
      "WhiskeySockets/Baileys #2521 and #2522; oxidezap/whatsapp-rust #468, #1143, #1153, #1328 (source and production).",
    sandbox:
      "`wazapi sandbox stale` takes a device away without a word; the list of devices names it no more, or still does with or without the key index; `staleDevice=skipped` fails only that device.",
    sandboxBy: [
      { file: "sandbox/groups/group-storms.test.ts", name: "one device that is gone fails the whole query for keys" },
    ],
    client:
      "Devices that the key-index list lacks are never asked for. Otherwise the devices of the recipients are asked for anew, the query is halved until the failing ones are found, and the message goes to all others under the same id; a refusal of the group itself stays one.",
    clientBy: [
      { file: devices, name: "the others read the message to the group, at the first try" },
      { file: devices, name: "a refusal of the group itself stays one" },
    ],
    phone:
      "Unlink a companion of a member while wazapi is stopped, start it, and at once `npx wazapi send GROUPID-group oi --wait delivered`: the message must be sent, with `a recipient's device is gone` in the log at most.",
  },
];
