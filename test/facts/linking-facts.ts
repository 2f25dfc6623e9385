import type { Fact } from "./fact.ts";

/** Facts about linking. */
export const linkingFacts: readonly Fact[] = [
  {
    id: "qr-rotation",
    fact: "A client that shows a QR may be told by `companion_reg_refresh` to make another of the same reference: the secret in what it shows is retired, and a phone that scans it cannot link.",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #2737, #2765; whatsmeow and zapo have it too. Seen live.",
    sandbox:
      "`rotate-qr` retires what every waiting client shows, in both forms; a client that does not take it cannot be scanned.",
    sandboxBy: [{ file: "sandbox/qr-rotation.test.ts", name: "a client that does not take it shows a dead code" }],
    client:
      "The present reference is shown anew with another secret, also in `/qr-code` and on the terminal; not once a code was accepted, nor during a ceremony.",
    clientBy: [
      { file: "whatsapp/linking/qr.test.ts", name: "the same reference is shown with another secret, which links" },
      { file: "whatsapp/linking/qr.test.ts", name: "the old one links nothing" },
      { file: "whatsapp/linking/linking.test.ts", name: "changes no secret and is acknowledged" },
    ],
    phone:
      "When it comes, and whether a QR of before is dead at once: `npx wazapi pair`, and scan the second QR that is shown.",
  },
  {
    id: "qr-timers",
    fact: "A connection gets six references: the first QR lives 60 s, each of the others 20 s. A ceremony needs the connection for longer.",
    since: "2023-01",
    source: "WhiskeySockets/Baileys and whatsmeow, their QR timers.",
    sandbox: "A reference whose time is over is refused.",
    sandboxBy: [{ file: "sandbox/qr-rotation.test.ts", name: "is taken until its time is over" }],
    client:
      "The timers are our own: they can be held, a code that is asked for late keeps the connection, and the end is the same 408.",
    clientBy: [
      { file: "whatsapp/linking/linking.test.ts", name: "follow each other: a minute, twenty seconds each" },
      { file: "whatsapp/linking/linking.test.ts", name: "stand still while they are held" },
      { file: "whatsapp/linking/pairing-codes.test.ts", name: "stays open for a code that was asked for late" },
      { file: "whatsapp/sessions.test.ts", name: "pauses when nobody scans" },
    ],
  },
  {
    id: "ack-before-login",
    fact: "Notifications before the login are acknowledged like all others. Baileys cannot: it does not know yet who it is.",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #2738, #2749.",
    sandbox: "Each has to be acknowledged once; the trace names those that were not, or twice.",
    sandboxBy: [
      { file: "sandbox/qr-rotation.test.ts", name: "is named for the ack it owes" },
      { file: "sandbox/qr-rotation.test.ts", name: "a client that acknowledges twice is named" },
    ],
    client: "All of them are taken here until a phone accepted, and acknowledged once.",
    clientBy: [
      {
        file: "whatsapp/linking/linking.test.ts",
        name: "that nobody knows is acknowledged and kept from Baileys",
      },
      { file: "whatsapp/linking/linking.test.ts", name: "is Baileys' business once a phone accepted" },
    ],
  },
  {
    id: "code-display-name",
    fact: "The display name in a request for a pairing code is checked: a browser on a known system passes, a name of one's own is answered 400, and no code works.",
    since: "2026-05",
    source: "WhiskeySockets/Baileys #2560, #2769 (measured on two accounts).",
    sandbox: "400 unless it is a browser on Windows, Mac OS, Linux or Ubuntu.",
    sandboxBy: [{ file: "sandbox/pairing-code.test.ts", name: "400, and no code works" }],
    client:
      "Codes are asked for by a request of our own under a known name, whatever the device is called; what the server answers reaches the caller of `/phone-code` and `wazapi pair --code`.",
    clientBy: [
      { file: "whatsapp/linking/code.test.ts", name: "asks under a name that WhatsApp knows, and is linked" },
      { file: "whatsapp/linking/code.test.ts", name: "what the server answers reaches who asked" },
    ],
    phone: "Which other systems pass: `npx wazapi pair --code YOURNUMBER` must not answer 400.",
  },
  {
    id: "refresh-code",
    fact: "WhatsApp may say that a pairing code is over: `link_code_companion_reg` with stage `refresh_code`. The same notification without keys comes for accounts that are asked for a passkey.",
    since: "2026-06",
    source: "WhiskeySockets/Baileys #2600, #2602, #2590, #2694.",
    sandbox: "`refresh-code` takes the code back and says so.",
    sandboxBy: [{ file: "sandbox/pairing-code.test.ts", name: "the client is told, and the code is over" }],
    client:
      "The state says `code_expired`, and `wazapi pair --code` asks for the next one; a hello without keys breaks nothing.",
    clientBy: [
      { file: "whatsapp/linking/code.test.ts", name: "a code that WhatsApp takes no more is told; the next one links" },
      { file: "whatsapp/linking/pairing-codes.test.ts", name: "a hello without keys" },
      { file: "cli/pair-code.test.ts", name: "it says so and asks for the next one" },
    ],
  },
  {
    id: "wrong-code",
    fact: "A wrong code shows in the last word of the exchange only; whether the server refuses it or the phone just never confirms is not published.",
    since: "2026-08",
    source: "Baileys and whatsmeow, their code pairing; not proven.",
    sandbox: "The last word is refused, and the right code may follow.",
    sandboxBy: [{ file: "sandbox/linking.test.ts", name: "a wrong code links nothing, is recorded" }],
    client:
      "Refused: `code_wrong`, and the code still works. Nothing within 45 s: `code_unconfirmed`. Both are said by `wazapi pair`.",
    clientBy: [
      { file: "whatsapp/linking/code.test.ts", name: "a wrong code is told, and the right one still links" },
      { file: "whatsapp/linking/pairing-codes.test.ts", name: "a phone that never confirms" },
    ],
    phone: "`npx wazapi pair --code YOURNUMBER`, and type another code.",
  },
  {
    id: "linking-limits",
    fact: "An account has room for a few linked devices, and linking too often is held up; with a passkey a full list ends in silence, by code too many requests are answered 429.",
    since: "2026-08",
    source: "remarks of people who run clients on Baileys; the number of devices and the waits are not published",
    sandbox:
      "Answers a request for a code with any error (`wazapi sandbox fault`), and can leave a ceremony in silence.",
    sandboxBy: [{ file: "sandbox/passkey/passkey.test.ts", name: "accepted, and the phone never continues" }],
    client:
      "Says so where it fails: how long to wait and the other way to link, and whether there is room for a device.",
    clientBy: [
      { file: "whatsapp/linking/code.test.ts", name: "what the server answers reaches who asked" },
      { file: "cli/pair-passkey.test.ts", name: "says how it failed: %s" },
    ],
    phone: "What a full list of devices does to a QR: link until the phone refuses, with `npx wazapi pair` each time.",
  },
  {
    id: "web-version",
    fact: "The oldest version that is taken moves, in waves: older ones are told 405, closed right after the greeting, or cannot link. WhatsApp Web's own script names the present one.",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #2679, #2731, #2777; WAHA #2191, #2193; OpenWA #1396.",
    sandbox:
      "`minVersion` turns older clients away by 405 or by closing (`oldVersion`), and `/sw.js` names a version that is taken.",
    sandboxBy: [
      { file: "sandbox/client-version.test.ts", name: "is turned away by" },
      { file: "sandbox/client-version.test.ts", name: "WhatsApp Web names a version that is taken" },
    ],
    client:
      "Fetched at the first connection and twice a day, kept with its date, fetched again on a refusal and tried at once; Baileys' own is the fallback, and a setting pins it. `wazapi doctor` shows it.",
    clientBy: [
      { file: "whatsapp/linking/version.test.ts", name: "the newer one is fetched, and the session is back" },
      { file: "whatsapp/linking/version.test.ts", name: "the first connection presents the newest one already" },
      { file: "whatsapp/linking/web-version.test.ts", name: "is the built-in one when WhatsApp Web names" },
      { file: "cli/doctor-version.test.ts", name: "the version of WhatsApp Web that a server presents" },
    ],
    phone: "Whether the script is still where it was: `npx wazapi doctor` says `fetched`.",
  },
  {
    id: "client-expiration",
    fact: "`<ib><client_expiration t>` announces until when the version of a client is taken.",
    since: "2026-07",
    source: "whatsapp-rust #1314.",
    sandbox: "`expire-version` announces it to whoever is online.",
    sandboxBy: [{ file: "sandbox/client-version.test.ts", name: "the end of the version is announced" }],
    client: "Logged, shown by `GET /connection` and `wazapi doctor`; a newer version is looked for.",
    clientBy: [{ file: "whatsapp/linking/version.test.ts", name: "is shown, and a newer one is looked for" }],
  },
  {
    id: "device-name",
    fact: "The name that a device registers under shows on the phone; phones have warned of unofficial tools since June, and a desktop kind with the whole history is refused at linking.",
    since: "2026-06",
    source: "openclaw #13651, WhiskeySockets/Baileys #2658; not proven.",
    sandbox: "Takes any name: which ones are noticed is not known.",
    sandboxBy: { not: "nobody shows which names are noticed" },
    client: "A device is called as Chrome on a Mac is, unless its instance has a `sessionName` of its own.",
    clientBy: [{ file: "whatsapp/linking/pairing-codes.test.ts", name: "a device named %j asks for codes as %s" }],
    phone:
      "What the list of linked devices shows, and whether a warning comes: `npx wazapi pair`, then look at the phone.",
  },
];
