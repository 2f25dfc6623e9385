import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import { WazapiError } from "#domain/errors.ts";
import { type Clock, systemClock } from "#lib/clock.ts";
import { createGauges, type Watched } from "./gauges.ts";

/** Whether anything is collected. */
export interface MetricsOptions {
  readonly enabled: boolean;
  /** Version of the program. */
  readonly version?: string;
}

/** What the rooms tell; each is called where it happens and never throws. No instance is ever a label. */
export interface Recorders {
  /** A try of a delivery ended. `ageMs`: since the event was stored. */
  readonly attempted: (input: {
    readonly type: string;
    readonly outcome: string;
    readonly durationMs: number;
    readonly ageMs: number;
  }) => void;
  /** A try of a message ended. `ageMs`: since it was accepted. */
  readonly queued: (input: { readonly outcome: string; readonly code?: string; readonly ageMs: number }) => void;
  /** The database refuses something of this kind that arrived, for good. */
  readonly refused: (kind: string) => void;
  /** Reconciling found something that many times. */
  readonly found: (finding: string, count: number) => void;
  /** So many questions for names and pictures were given up, because too many waited. */
  readonly profilesDropped: (count: number) => void;
  /** Retention removed so many rows of each kind. */
  readonly pruned: (removed: Readonly<Record<string, number>>) => void;
  /** A message could not be decrypted. */
  readonly decryptFailed: () => void;
  /** Nothing of one sender can be decrypted any more. */
  readonly decryptStorm: () => void;
  /** A connection was ended because a stanza of this class had not been confirmed. */
  readonly unconfirmed: (stanzaClass: string) => void;
  /** What waited while a session was away neither comes nor ends. */
  readonly backlogStalled: () => void;
  /** A session lost its connection for this reason and opens it again. */
  readonly reconnected: (reason: string) => void;
  /** Settings that WhatsApp sent do not fit their checksum: single changes, or the whole. */
  readonly appStateDamaged: (damage: string) => void;
  /** The phone was asked for settings that the server has damaged: a step of that. */
  readonly appStateRecovery: (step: string) => void;
  /** WhatsApp sent something of this kind that this version does not know. */
  readonly unknownWire: (unknown: { readonly kind: string }) => void;
  /** The own phone left a question of this kind without an answer. */
  readonly phoneSilent: (question: string) => void;
  /** Linking with a passkey ended this way. */
  readonly passkeyEnded: (end: string) => void;
}

/** The metrics of this process. */
export interface ProcessMetrics {
  /** Prometheus text. Throws `not_found` while metrics are switched off. */
  readonly render: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly requestAnswered: (request: {
    readonly operation: string;
    readonly method: string;
    readonly status: number;
    readonly durationMs: number;
  }) => void;
  readonly observe: Recorders;
  /** What is read at each scrape from now on; replaces what was watched before, undefined stops it. */
  readonly watch: (watched: Watched | undefined) => void;
}

const requestBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
const latencyBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600];

/** Most values a label may have whose words come from elsewhere; further ones are counted as `other`. */
const maxWords = 40;

/** Opens the metrics of this process, in a registry of their own. */
export function createMetrics(options: MetricsOptions, clock: Clock = systemClock): ProcessMetrics {
  if (!options.enabled) return switchedOff;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `wazapi_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    shape: { labels: readonly L[]; buckets: number[] },
  ) =>
    new Histogram({ name: `wazapi_${name}`, help, labelNames: [...shape.labels], buckets: shape.buckets, registers });

  const requests = counter("http_requests_total", "Answered requests.", ["operation", "method", "status"]);
  const requestSeconds = histogram("http_request_duration_seconds", "Time to answer a request.", {
    labels: ["operation", "method"],
    buckets: requestBuckets,
  });
  const attempts = counter("webhook_attempts_total", "Tries of deliveries.", ["type", "outcome"]);
  const attemptSeconds = histogram("webhook_duration_seconds", "Time one try of a delivery took.", {
    labels: ["outcome"],
    buckets: requestBuckets,
  });
  const webhookLatency = histogram("webhook_latency_seconds", "From the stored event to the endpoint's 2xx.", {
    labels: [],
    buckets: latencyBuckets,
  });
  const sends = counter("send_attempts_total", "Tries of queued messages.", ["outcome", "code"]);
  const sendLatency = histogram("send_latency_seconds", "From the accepted message to WhatsApp's acknowledgement.", {
    labels: [],
    buckets: latencyBuckets,
  });
  const refusals = counter("refused_by_database_total", "Things that arrived and that the database refuses for good.", [
    "kind",
  ]);
  const findings = counter("reconcile_findings_total", "Gaps that reconciling closed.", ["finding"]);
  const profilesDropped = counter("profile_questions_dropped_total", "Questions for names and pictures given up.", []);
  const pruned = counter("pruned_rows_total", "Rows that retention removed.", ["kind"]);
  const decryptFailures = counter("decrypt_failures_total", "Messages that could not be decrypted.", []);
  const storms = counter("decrypt_storms_total", "Senders of whom nothing could be decrypted any more.", []);
  const unconfirmed = counter("unconfirmed_stanzas_total", "Stanzas whose missing confirmation ended a connection.", [
    "class",
  ]);
  const stalls = counter("backlog_stalls_total", "Logins whose backlog neither came nor ended.", []);
  const reconnects = counter("reconnects_total", "Connections to WhatsApp that were lost and opened again.", [
    "reason",
  ]);
  const appStateDamages = counter("app_state_damages_total", "Settings of WhatsApp that did not fit their checksum.", [
    "damage",
  ]);
  const appStateRecoveries = counter(
    "app_state_recoveries_total",
    "Settings of WhatsApp that were asked of the phone, by what came of it.",
    ["step"],
  );
  const unknownWire = counter("unknown_wire_total", "Things WhatsApp sent that this version does not know.", ["kind"]);
  const silences = counter("phone_silent_total", "Questions that the own phone did not answer within a minute.", [
    "question",
  ]);
  const passkeys = counter("pairing_passkey_total", "Linkings that asked for a passkey, by how they ended.", ["end"]);
  const gauges = createGauges({ registry, clock }, options.version === undefined ? {} : { version: options.version });
  const reasonOf = boundedWords(maxWords);
  const classOf = boundedWords(maxWords);
  const codeOf = boundedWords(maxWords);
  // A counter that does not exist yet cannot be told from one that was never asked.
  decryptFailures.inc(0);
  storms.inc(0);
  stalls.inc(0);
  profilesDropped.inc(0);

  return {
    render: async () => {
      await gauges.refresh();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    watch: gauges.watch,
    requestAnswered: ({ operation, method, status, durationMs }) => {
      requests.inc({ operation, method, status: String(status) });
      requestSeconds.observe({ operation, method }, durationMs / 1_000);
    },
    observe: {
      attempted: ({ type, outcome, durationMs, ageMs }) => {
        attempts.inc({ type, outcome });
        attemptSeconds.observe({ outcome }, durationMs / 1_000);
        if (outcome === "delivered") webhookLatency.observe(ageMs / 1_000);
      },
      queued: ({ outcome, code, ageMs }) => {
        sends.inc({ outcome, code: code === undefined ? "" : codeOf(code) });
        if (outcome === "sent") sendLatency.observe(ageMs / 1_000);
      },
      refused: (kind) => refusals.inc({ kind }),
      found: (finding, count) => findings.inc({ finding }, count),
      profilesDropped: (count) => profilesDropped.inc(count),
      pruned: (removed) => {
        for (const [kind, count] of Object.entries(removed)) if (count > 0) pruned.inc({ kind }, count);
      },
      decryptFailed: () => decryptFailures.inc(),
      decryptStorm: () => storms.inc(),
      unconfirmed: (stanzaClass) => unconfirmed.inc({ class: classOf(stanzaClass) }),
      backlogStalled: () => stalls.inc(),
      reconnected: (reason) => reconnects.inc({ reason: reasonOf(reason) }),
      appStateDamaged: (damage) => appStateDamages.inc({ damage }),
      appStateRecovery: (step) => appStateRecoveries.inc({ step }),
      unknownWire: ({ kind }) => unknownWire.inc({ kind }),
      phoneSilent: (question) => silences.inc({ question }),
      passkeyEnded: (end) => passkeys.inc({ end }),
    },
  };
}

const switchedOff: ProcessMetrics = {
  render: () => Promise.reject(new WazapiError("not_found", { message: "metrics are switched off" })),
  requestAnswered: () => {},
  observe: {
    attempted: () => {},
    queued: () => {},
    refused: () => {},
    found: () => {},
    profilesDropped: () => {},
    pruned: () => {},
    decryptFailed: () => {},
    decryptStorm: () => {},
    unconfirmed: () => {},
    backlogStalled: () => {},
    reconnected: () => {},
    appStateDamaged: () => {},
    appStateRecovery: () => {},
    unknownWire: () => {},
    phoneSilent: () => {},
    passkeyEnded: () => {},
  },
  watch: () => {},
};

/** Lets the first `limit` words through; every label value costs memory here and in Prometheus for ever. */
function boundedWords(limit: number): (word: string) => string {
  const known = new Set<string>();
  return (word) => {
    if (known.has(word)) return word;
    if (known.size >= limit) return "other";
    known.add(word);
    return word;
  };
}
