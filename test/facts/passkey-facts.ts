import type { Fact } from "./fact.ts";

const sandboxFile = "sandbox/passkey/passkey.test.ts";
const session = "whatsapp/passkey-session.test.ts";
const ceremony = "whatsapp/passkey-ceremony.test.ts";
const web =
  "published JavaScript of web.whatsapp.com (modules WAWebShortcakeLinking); tulir/whatsmeow main; vinikjkkj/zapo main";

/** Facts about passkey. */
export const passkeyFacts: readonly Fact[] = [
  {
    id: "passkey-asked-before-pair-success",
    fact: "Some accounts are asked for a passkey: after the scan a notification passkey_prologue_request comes in place of pair-success, on the same socket, which is not linked yet.",
    since: "2026-06",
    source: "WhiskeySockets/Baileys #2672, #2689; oxidezap/whatsapp-rust #930 (live captures)",
    sandbox: "Accounts can be told to require it; linking then waits for the ceremony.",
    sandboxBy: [{ file: sandboxFile, name: "by QR: the proof spares the comparison" }],
    client:
      "Says so at once (state, reason, 409 of /qr-code and /phone-code, command line, metric) and stops the QR codes.",
    clientBy: [
      { file: session, name: "by QR: says what it waits for" },
      { file: session, name: "whoever waits for a QR code is told at once" },
      { file: session, name: "the QR codes run no further" },
      { file: "cli/pair-passkey.test.ts", name: "takes the QR away when WhatsApp asks for a passkey" },
    ],
    phone: "which accounts are asked: `npx wazapi pair`",
  },
  {
    id: "passkey-by-code",
    fact: "By pairing code the request follows companion_finish; or the phone's hello carries no keys and the request comes beside it.",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #2689, #2694; tulir/whatsmeow #1188, #1233",
    sandbox: "Does both; the second as fault passkey-bare-hello.",
    sandboxBy: [
      { file: sandboxFile, name: "by pairing code" },
      { file: sandboxFile, name: "passkey-bare-hello" },
    ],
    client: "Links either way; without keys the code is shown, because the phone has to compare it.",
    clientBy: [
      { file: session, name: "by pairing code: the same" },
      { file: session, name: "by pairing code when the phone says no keys" },
    ],
    phone: "`npx wazapi pair --code YOURNUMBER` with an account that is asked",
  },
  {
    id: "passkey-options",
    fact: "The options are JSON of at most 4096 bytes with challenge and rpId whatsapp.com, in the request or on demand; a challenge is good for 600 s, and a repeated request renews it.",
    since: "2026-07",
    source: `${web}; WhiskeySockets/Baileys #2689`,
    sandbox: "Sends them, leaves them out (passkey-no-options) or sends the request twice (passkey-twice).",
    sandboxBy: [{ file: sandboxFile, name: "a good client is linked all the same" }],
    client:
      "Keeps unknown members, asks when there are none, keeps key and secret of the handoff when it is asked again, and ends with passkey_expired.",
    clientBy: [
      { file: ceremony, name: "a repeated request brings new options" },
      { file: ceremony, name: "without options in the request the server is asked" },
      { file: session, name: "a challenge that nobody answers ends" },
    ],
  },
  {
    id: "passkey-assertion-form",
    fact: "The assertion is JSON with exactly id, rawId, type and response of four members, base64url; wrong challenge, origin, relying party or flags are refused.",
    since: "2026-07",
    source: web,
    sandbox: "Checks in WhatsApp's order, and refuses.",
    sandboxBy: [{ file: sandboxFile, name: "in the assertion: %s" }],
    client: "Checks all of it before anything is sent, and drops what browsers add.",
    clientBy: [
      { file: "whatsapp/passkey-credential.test.ts", name: "goes with the members that WhatsApp wants" },
      { file: session, name: "a credential that WhatsApp would refuse is not sent" },
    ],
  },
  {
    id: "passkey-unknown-credential-silence",
    fact: "An assertion by an unknown credential is answered with a result, and then the phone never continues.",
    since: "2026-07",
    source: "EvolutionAPI/evolution-go #107, devlikeapro/waha #2227 (both open)",
    sandbox: "Accepts it and stays silent; passkey-silent does the same with the right one.",
    sandboxBy: [{ file: sandboxFile, name: "an unknown credential is accepted, and then nothing comes" }],
    client: "Waits 120 s and ends with passkey_silent; accepted is never shown as linked.",
    clientBy: [{ file: session, name: "a passkey of somebody else is taken, and never shown as linked" }],
    phone: "`npx wazapi pair`, and use the passkey of another number on the page: it must end with `passkey_silent`",
  },
  {
    id: "passkey-ref-after-assertion",
    fact: "The reference is asked for after the assertion; identity with reference and registered platform, and the promise of a nonce, go along.",
    since: "2026-07",
    source: web,
    sandbox: "Refuses a payload without reference asked for, with another platform, or a nonce that was not promised.",
    sandboxBy: [
      { file: sandboxFile, name: "no reference asked for" },
      { file: sandboxFile, name: "another device type" },
      { file: sandboxFile, name: "the nonce is not the one committed to" },
      { file: "sandbox/passkey/vectors.test.ts", name: "the phone reads the payload" },
    ],
    client: "Does it in this order, byte by byte as the known answers.",
    clientBy: [
      { file: ceremony, name: "asks for the reference after the assertion" },
      { file: "whatsapp/passkey-shortcake.test.ts", name: "the payload carries identity and commitment" },
    ],
  },
  {
    id: "passkey-handoff-proof",
    fact: "A proof keyed with the secret that the phone scanned spares the comparison of codes; it is good for 300 s.",
    since: "2026-07",
    source: web,
    sandbox: "Verifies it, and waits for the person when it is missing or wrong.",
    sandboxBy: [
      { file: sandboxFile, name: "without proof the person compares" },
      { file: sandboxFile, name: "the proof is for another secret" },
    ],
    client: "Sends it within 300 s; later the codes are compared, and a no ends it.",
    clientBy: [
      { file: ceremony, name: "the proof is good for 300 s" },
      { file: session, name: "after five minutes the codes are compared" },
      { file: session, name: "who says that the codes differ links nothing" },
    ],
    phone: "`npx wazapi pair`, and open the link later than five minutes after the scan: both screens show one code",
  },
  {
    id: "passkey-continuation",
    fact: "The phone's part comes as crsc_continuation, first child primary_ephemeral_identity with key and nonce of 32 bytes; anything else is acknowledged with 487.",
    since: "2026-07",
    source: web,
    sandbox: "Sends it, late, with 31 bytes or with another child on demand.",
    sandboxBy: [{ file: sandboxFile, name: "the phone continues with what no client can use" }],
    client:
      "Acknowledges it once, refuses what it cannot use, takes it once, and waits for the answer to the assertion first.",
    clientBy: [
      { file: ceremony, name: "is acknowledged with 487" },
      { file: ceremony, name: "the phone may be quicker than the answer" },
    ],
  },
  {
    id: "passkey-new-secret",
    fact: "The last step asks the phone to vouch with a new ADV secret; pair-success may overtake its answer.",
    since: "2026-07",
    source: web,
    sandbox: "Refuses the old secret, and can send pair-success first (passkey-early-success).",
    sandboxBy: [
      { file: sandboxFile, name: "the secret that was known is asked for again" },
      { file: sandboxFile, name: "a good client is linked all the same" },
    ],
    client: "Puts it in place just before the last step, and the old one back when that fails.",
    clientBy: [
      { file: ceremony, name: "the new secret is in place before it is asked for" },
      { file: ceremony, name: "acceptance may overtake the last answer" },
    ],
  },
  {
    id: "passkey-one-socket",
    fact: "The ceremony lives on one socket: a close before the last step loses it; after it the 515 has to be followed at once.",
    since: "2026-08",
    source: "EvolutionAPI/evolution-api PR 2628 and its comments",
    sandbox: "Can cut the socket after the assertion or after the last step.",
    sandboxBy: [{ file: sandboxFile, name: "the socket is cut" }],
    client: "Ends with passkey_expired and opens nothing by itself; after acceptance it reconnects at once.",
    clientBy: [{ file: session, name: "and nothing comes back by itself" }],
  },
  {
    id: "passkey-stage-times",
    fact: "WhatsApp Web gives 120 s to the phone, to the comparison and to the end.",
    since: "2026-08",
    source: web,
    sandbox: "The phone can be late by any time (passkey-late).",
    sandboxBy: [{ file: sandboxFile, name: "a good client is linked all the same" }],
    client: "Does the same, by its injected clock.",
    clientBy: [{ file: ceremony, name: "is not waited for longer" }],
  },
  {
    id: "passkey-acknowledged-once",
    fact: "Both notifications are acknowledged once although the device does not know yet who it is; Baileys rc14 acknowledges none then.",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #2738, PR #2749",
    sandbox: "Records a missing and a double acknowledgement.",
    sandboxBy: [{ file: sandboxFile, name: "notifications are acknowledged %s" }],
    client:
      "Acknowledges each once, by QR and by code (every session test ends with an empty list of refusals). One that does not come from the server begins nothing.",
    clientBy: [
      { file: session, name: "by pairing code: the same" },
      { file: "whatsapp/linking/linking.test.ts", name: "that did not come from the server is acknowledged" },
    ],
  },
  {
    id: "passkey-page",
    fact: "WhatsApp's page lets scripts call no other server (connect-src); a navigation is free.",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #2672",
    sandbox: "An account's relying party and origin can be those of a local site, for a browser's own authenticator.",
    sandboxBy: [{ file: "e2e/passkey-browser.test.ts", name: "the browser signs on the other site" }],
    client: "The helper goes back to the one-time page with the result behind the #, and copies it.",
    clientBy: [
      { file: "e2e/passkey-browser.test.ts", name: "the browser signs on the other site" },
      { file: "e2e/passkey-browser.test.ts", name: "the result may be pasted" },
      { file: "http/passkey.test.ts", name: "takes one passkey, then shows the progress" },
      { file: "http/passkey.test.ts", name: "dies with its challenge" },
    ],
    phone: "the way back from the real web.whatsapp.com: `npx wazapi pair`, open the link",
  },
];
