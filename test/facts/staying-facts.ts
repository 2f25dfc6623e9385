import type { Fact } from "./fact.ts";

const refusals = "whatsapp/refusals.test.ts";
const staying = "whatsapp/staying.test.ts";
const standing = "sandbox/standing.test.ts";

/** Facts about staying connected. */
export const stayingFacts: readonly Fact[] = [
  {
    id: "refused-with-a-reason",
    fact:
      "A login that is not let in is answered with <failure reason>: 402 restricted, with `code` (101 to 104, 106) and " +
      "`expire` seconds; 403 locked and 406 banned, with `logout_message_header` and `logout_message_subtext`; 405 " +
      "version; 409, 413, 414, 415, 418 something about the client; 429 too often.",
    since: "2026-01",
    source:
      "whatsmeow 2026 (its names of 403 and 406 follow WhatsApp Web); landed source, not seen here on a real account",
    sandbox:
      "`disconnect` takes `attrs`; `POST /sandbox/phones/{number}/refuse` (`wazapi sandbox refuse`) refuses every login of an account, until a moment or until it is lifted.",
    sandboxBy: [
      { file: standing, name: "disconnect %i with attributes" },
      { file: standing, name: "every login, until it is pardoned; whoever is online is sent away" },
      { file: standing, name: "until a moment, told as the seconds that are left" },
    ],
    client:
      "One table turns the code into a kind; kind, cause, end and WhatsApp's own words are in the state, `/status`, `/connection`, the webhook, `wazapi status`, `wazapi doctor` and the log.",
    clientBy: [
      { file: refusals, name: "restricted for messages to strangers, for two hours" },
      { file: staying, name: "stored, told, and its credentials are kept" },
    ],
    phone:
      'which attributes a real refusal carries: `wazapi status --json` and the log line "session state changed" of a refused account',
  },
  {
    id: "ban-keeps-credentials",
    fact: "406 is a ban, not an unlinking: an appeal that succeeds brings the same device back. Only 401 makes the credentials worthless.",
    since: "2026-01",
    source: "whatsmeow 2026; WhatsApp Web's name for 406",
    sandbox: "An account that is refused with 406 is let in again, with the same keys, once it is pardoned.",
    sandboxBy: [{ file: standing, name: "every login, until it is pardoned; whoever is online is sent away" }],
    client: "Stays away without deleting anything; `wazapi instance restart` tries again.",
    clientBy: [
      { file: staying, name: "banned: stays away, and after a successful appeal a restart brings it back" },
      { file: "whatsapp/reconnect.test.ts", name: "no other code than 401 makes the credentials worthless" },
    ],
    phone: "that a banned account which was pardoned logs in with its old device: `wazapi instance restart`",
  },
  {
    id: "restricted-until",
    fact: "A restricted account (402) is let in again when its `expire` seconds are over; whoever logs in before is refused again.",
    since: "2026-01",
    source: "whatsmeow 2026",
    sandbox: "Refuses until the moment, and tells how many seconds are left.",
    sandboxBy: [{ file: standing, name: "until a moment, told as the seconds that are left" }],
    client:
      "Stores the end, waits for it, also in a process that was started meanwhile, and comes back by itself with some jitter.",
    clientBy: [
      { file: staying, name: "restricted until a moment: comes back by itself then" },
      { file: "whatsapp/session-state.test.ts", name: "restricted: a start of the program waits for the end" },
    ],
    phone: "whether `expire` counts seconds from now: compare `wazapi status` with what the phone shows",
  },
  {
    id: "client-refused-waits",
    fact: "Codes 409, 413, 414, 415, 418, 429 and other 4xx are about the client or its haste: asking again within seconds changes nothing and looks like an attack.",
    since: "2026-01",
    source: "whatsmeow 2026 (bad user agent, token expired or invalid, unknown client)",
    sandbox: "`disconnect` and `refuse` with any of them.",
    sandboxBy: [{ file: standing, name: "disconnect %i with attributes" }],
    client: "Waits about a minute, then twice as long each time, up to a quarter of an hour.",
    clientBy: [
      {
        file: "whatsapp/reconnect.test.ts",
        name: "whatever is refused for what we are is asked again after a long wait only",
      },
      { file: "whatsapp/reconnect.test.ts", name: "a client that is refused again and again waits longer each time" },
    ],
  },
  {
    id: "closed-after-hello",
    fact: "A version that is too old is refused with 405, or the connection just ends right after the hello, again and again (408, 428).",
    since: "2026-07",
    source: "WhiskeySockets/Baileys #2777, WAHA #2191 and #2193, production logs of a wave on 28 and 29 July",
    sandbox: "`disconnect` with 405 or 428 and `times`; `refuse` with 405.",
    sandboxBy: [{ file: "sandbox/disconnects.test.ts", name: "client outdated" }],
    client:
      "Says `version_refused`, or `version_suspected` after three ends right after the hello, and tells whoever fetches the version.",
    clientBy: [
      { file: staying, name: "closed three times right after the hello: says that the version may be refused" },
      { file: staying, name: "refused for its version (405): says so, each time" },
    ],
  },
  {
    id: "upgrade-refused",
    fact: "The request for the websocket may be answered with 429 or 503 instead of 101: an overloaded edge, or an address that is banned.",
    since: "2026-09",
    source: "OpenWA #1579, production log of 13 September; Baileys and the ws package leave such a request open",
    sandbox: "Fault `upgrade-refuse`, n times, with a status and Retry-After.",
    sandboxBy: [{ file: standing, name: "%j: %i, n times" }],
    client:
      "Logs the status, tears the socket down at once, waits for Retry-After or the ordinary backoff; nothing is concluded about the account.",
    clientBy: [
      { file: staying, name: "HTTP %i: torn down at once, tried again, credentials kept" },
      { file: staying, name: "Retry-After is obeyed" },
    ],
  },
  {
    id: "login-counters",
    fact: "WhatsApp Web says at each login how often this device has logged in (`lc`) and how often it tried (`connectAttemptCount`); after stream errors 500 a client without them stayed half-dead.",
    since: "2026-05",
    source: "oxidezap/whatsapp-rust #630 (production), zapo #237",
    sandbox: "Shows in its trace what a login says of itself; asks for nothing.",
    sandboxBy: [
      { file: standing, name: "is in the trace: who, which version, and whether it counts its logins and tries" },
    ],
    client: "Says neither.",
    clientBy: {
      not: "Baileys builds this part of the login itself and takes no setting for it; it needs a change there",
    },
    phone: "whether an account stays without messages after a stream error 500: `wazapi doctor`, line connections",
  },
  {
    id: "the-next-change",
    fact: "WhatsApp changes without notice: a new tag, type, attribute, code or field is the first sign, weeks before accounts suffer.",
    since: "2026-01",
    source:
      "the history of <status> stanzas, mex updates and poll versions in whatsmeow, zapo and whatsapp-rust between January and August 2026",
    sandbox: "Sends any notification and any stanza word for word, with attributes and types of its own invention.",
    sandboxBy: [{ file: "whatsapp/wire-watch.test.ts", name: "tells what it does not know of what WhatsApp sends" }],
    client:
      "Counts what is unknown (`wazapi_unknown_wire_total{kind}`), remembers up to 200 names with first and last time, also over a restart, and shows them in `wazapi doctor` and in the file of `wazapi doctor --bundle`.",
    clientBy: [
      {
        file: "whatsapp/wire-watch.test.ts",
        name: "counts each name, the latest first, and shows nothing that names a person",
      },
      { file: "cli/doctor-bundle.test.ts", name: "has versions, settings, states, refusals and the unknown" },
    ],
    phone: "that an ordinary day of a real account leaves the list empty: `wazapi doctor`, line protocol",
  },
  {
    id: "signed-pre-key-monthly",
    fact: "WhatsApp Web changes its signed pre-key about once a month; a device that never does stands out.",
    since: "2026-01",
    source: "WhiskeySockets/Baileys #968, oxidezap/whatsapp-rust #1237; the harm is unknown",
    sandbox: "Takes the change, gives the new key to whoever writes, and shows the query in its trace.",
    sandboxBy: [
      {
        file: "whatsapp/signed-pre-key.test.ts",
        name: "changes it while it is connected, and new conversations use it",
      },
    ],
    client:
      "Changes it after 27 to 30 days. The new key is stored before the server hears of it and offered again after a crash; the one before is kept for what is on its way (Baileys alone would not read it).",
    clientBy: [
      { file: "whatsapp/signed-pre-key.test.ts", name: "is changed after 27 to 30 days, and the one before is kept" },
      {
        file: "whatsapp/signed-pre-key.test.ts",
        name: "reads what was written to the key before while it was on its way",
      },
    ],
    phone:
      'that the server takes it: the log line "the signed pre-key was changed" after a month; a first message of somebody new then shows in `wazapi listen`',
  },
  {
    id: "settings-checksum",
    fact: "Settings that phone and devices share carry checksums. A change that does not fit makes WhatsApp Web take the collection anew, from the server's whole copy.",
    since: "2026-02",
    source:
      "oxidezap/whatsapp-rust #1375 and #1365, zapo #189, whatsmeow's recovery of 2026 (production and landed source)",
    sandbox: "Fault `settings-damage`: the next changes, or the next whole copy, have a wrong checksum.",
    sandboxBy: [
      { file: "whatsapp/app-state-care.test.ts", name: "a change: noticed, and the collection is taken anew" },
      { file: "whatsapp/app-state-care.test.ts", name: "the server's whole copy: noticed" },
    ],
    client:
      "Checks them (Baileys does not unless told to), logs, counts in `wazapi_app_state_damages_total`, and takes the collection anew once an hour at most. A whole copy that does not fit is used as far as it can be read, and the phone is asked (see settings-from-phone); so it is when changes do not fit a copy that was just taken.",
    clientBy: [
      { file: "whatsapp/app-state-care.test.ts", name: "a change: noticed, and the collection is taken anew" },
      { file: "whatsapp/app-state-care.test.ts", name: "the server's whole copy: noticed" },
    ],
    phone: "that a real account never counts any: `curl …/metrics | grep app_state_damages`",
  },
  {
    id: "settings-answer-short",
    fact: "An answer about settings holds a collection for each that was asked for. Whether WhatsApp ever leaves one out, or says that there is more and gives nothing, is not known; Baileys would then ask again as fast as the answers come.",
    since: "2026-12",
    source: "WhiskeySockets/Baileys 7.0.0-rc14 (resyncAppState ends when it has heard of all it asked for)",
    sandbox: "Faults `settings-omit` and `settings-more`.",
    sandboxBy: [{ file: "whatsapp/settings-answers.test.ts", name: "is not asked for again and again" }],
    client:
      "Completes every answer before Baileys reads it, so that one question is one query; counted as something unknown when nothing was answered. The next notice about the collection brings what was left out.",
    clientBy: [{ file: "whatsapp/settings-answers.test.ts", name: "is not asked for again and again" }],
  },
  {
    id: "settings-from-phone",
    fact: "A whole copy at the server that does not fit stays so for ever: every device reads the same bytes, and what it changes is refused. The own phone is asked (peer request 8, COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY, with collection and time) and answers with the collection in the clear: version, records with their value MACs, and its hash. WhatsApp Web waits a minute, does not ask for `critical_block`, and takes the hash as it is.",
    since: "2026-02",
    source:
      "WhatsApp Web's own source; whatsmeow's recovery of 2026 (landed source); whatsapp-rust #1375, whats4linux #113 (production). Some phones never answer (whatsmeow #858).",
    sandbox:
      "`POST /sandbox/phones/{number}/lose-setting`: the server loses an entry that its checksum counts and the phone still has. The phone answers the request, late or never (`phoneAnswerMs`, `phoneAnswers`).",
    sandboxBy: [{ file: "sandbox/history/app-state.test.ts", name: "an entry that the server lost" }],
    client:
      "Asks four times a day at most until the phone has answered, over restarts; bounds and checks the answer, tells what the device did not know, and stores it as the state that later changes continue. Counted in `wazapi_app_state_recoveries_total{step}`; a silent phone and a copy that cannot be used are logged. A hash that is not of the records is used and logged (`fits`).",
    clientBy: [
      {
        file: "whatsapp/app-state-recovery.test.ts",
        name: "are asked of the phone: what the server lost is there, and later changes fit",
      },
      { file: "whatsapp/app-state-recovery.test.ts", name: "a phone that is silent: told, and asked no more" },
      { file: "whatsapp/app-state-recovery.test.ts", name: "a phone that never answers is asked again later" },
      { file: "whatsapp/recovered-collection.test.ts", name: "that is older than what the device holds is refused" },
    ],
    phone:
      'that a real phone answers: `curl …/metrics | grep app_state_recoveries`, and the log line "settings came from the phone" with `fits`',
  },
];
