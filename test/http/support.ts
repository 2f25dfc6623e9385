import { expect, test } from "vitest";

import { newMessageId, newZaapId } from "#domain/ids.ts";
import type { Connection, Instance } from "#domain/instance.ts";
import { defaultInstanceSettings } from "#domain/instance.ts";
import type { FileContent } from "#domain/outgoing/files.ts";
import type { SeenUnknown } from "#domain/unknown-wire.ts";
import type { PasskeyView } from "#domain/passkey.ts";
import type { HttpDeps, PastMessages } from "#http/deps.ts";
import { createHttp } from "#http/mount.ts";
import type { HttpApp, HttpOptions } from "#http/mount.ts";
import { operationTable } from "#http/routes/table.ts";
import { createAddressGuard } from "#lib/guard.ts";
import type { NewEvent } from "#store/records.ts";
import type { Store } from "#store/store.ts";

import { openTestStore } from "../support/store.ts";
import { recordingLog, sessionsOf } from "./fakes.ts";

/** Tokens and ids of the tests; none may show up where it does not belong. */
export const known = {
  instanceId: "A".repeat(32),
  instanceToken: "TOKEN0000000000000000000000000000000000A",
  otherId: "B".repeat(32),
  otherToken: "TOKEN0000000000000000000000000000000000B",
  clientToken: "client-token-of-the-tests",
  partnerToken: "partner-token-of-the-tests",
  webhookSecret: "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==",
} as const;

/** What every file of a kind turns out to be. */
const mimeTypes: Readonly<Record<FileContent["kind"], string>> = {
  image: "image/jpeg",
  video: "video/mp4",
  gif: "video/mp4",
  ptv: "video/mp4",
  audio: "audio/ogg; codecs=opus",
  sticker: "image/webp",
  document: "application/pdf",
};

/** 2026-11-24T12:00:00Z. */
export const t0 = Date.UTC(2026, 10, 24, 12);

/** The server under test with everything around it that tests look at. */
export interface TestHttp extends AsyncDisposable {
  readonly app: HttpApp;
  readonly store: Store;
  /** What the sessions were asked to do. */
  readonly calls: unknown[];
  readonly logged: unknown[];
  readonly clock: { now: number };
  readonly control: {
    availability: "open" | "draining" | "standby";
    connection: Connection;
    passkey: PasskeyView;
    /** What reading a chat back finds. */
    past: PastMessages;
    readonly stopping: AbortController;
    unknownWire: readonly SeenUnknown[];
    unhealthy: boolean;
    role: "leader" | "standby";
  };
  readonly news: {
    /** Wakes every stream. */
    readonly ring: () => void;
    /** Resolves when a stream waits for news. */
    readonly someoneWaits: () => Promise<void>;
    /** Resolves when no stream does any more. */
    readonly nobodyWaits: () => Promise<void>;
  };
}

/** Opens a server over a real SQLite with two instances. */
export async function openHttp(options: Partial<HttpOptions> = {}): Promise<TestHttp> {
  await using parts = new AsyncDisposableStack();
  const store = parts.use(await openTestStore());
  await store.instances.create({ instance: instanceOf(known.instanceId, known.instanceToken, "main") });
  await store.instances.create({ instance: instanceOf(known.otherId, known.otherToken, "other") });
  const calls: unknown[] = [];
  const logged: unknown[] = [];
  const clock = { now: t0 };
  const control: TestHttp["control"] = {
    availability: "open",
    connection: { state: "unpaired", at: t0 },
    passkey: { stage: "none" },
    past: { payloads: [{ type: "ReceivedCallback", messageId: "M1" }], isPhoneSilent: false },
    stopping: new AbortController(),
    unhealthy: false,
    unknownWire: [],
    role: "leader",
  };
  const waiting = new Set<() => void>();
  const watchers = new Set<() => void>();
  const whenWaiting = (some: boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (waiting.size > 0 !== some) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  const news = {
    ring: () => waiting.forEach((resolve) => resolve()),
    someoneWaits: () => whenWaiting(true),
    nobodyWaits: () => whenWaiting(false),
  };
  const deps: HttpDeps = {
    store,
    sessions: sessionsOf(calls, { connection: () => control.connection, passkey: () => control.passkey }, t0),
    chatMessages: {
      page: async (wanted) => {
        calls.push(["chatMessages", wanted]);
        return control.past;
      },
    },
    sendQueue: {
      accepted: ({ idempotencyKey: key, ...input }) => store.queue.accepted({ ...input, key, now: clock.now }),
      enqueue: async ({ instanceId, outgoing, delayMs, typingMs, scheduledAt, idempotencyKey, requestHash }) => {
        const { message, created } = await store.queue.enqueue({
          message: {
            zaapId: newZaapId(),
            messageId: newMessageId(),
            instanceId,
            outgoing,
            ...(delayMs !== undefined && { delayMs }),
            typingMs: typingMs ?? 0,
            ...(scheduledAt !== undefined && { scheduledAt }),
            dueAt: scheduledAt ?? clock.now,
            createdAt: clock.now,
          },
          ...(idempotencyKey !== undefined &&
            requestHash !== undefined && {
              idempotency: { key: idempotencyKey, requestHash, expiresAt: clock.now + 86_400_000 },
            }),
          now: clock.now,
        });
        return { zaapId: message.zaapId, messageId: message.messageId, created };
      },
    },
    readiness: {
      check: async () => ({
        role: control.role,
        checks: {
          database: control.unhealthy
            ? { status: "unhealthy" as const, error: "disk full" }
            : { status: "healthy" as const },
        },
      }),
    },
    unknownWire: { list: () => control.unknownWire },
    metrics: { render: async () => ({ contentType: "text/plain; version=0.0.4", text: "up 1\n" }) },
    webhookTest: {
      send: async ({ slot, url }) => {
        calls.push(["webhookTest", slot, url]);
        return { status: 204, durationMs: 3 };
      },
    },
    feed: {
      since: (input) => store.events.since(input),
      lastPosition: () => store.events.lastPosition(),
      wait: (signal) =>
        new Promise((resolve) => {
          const done = () => {
            waiting.delete(done);
            for (const look of watchers) look();
            resolve();
          };
          waiting.add(done);
          for (const look of watchers) look();
          signal.addEventListener("abort", done, { once: true });
        }),
    },
    wake: {
      queue: (instanceId) => void calls.push(["wakeQueue", instanceId]),
      deliveries: () => void calls.push(["wakeDeliveries"]),
    },
    deadLetters: {
      purge: async (input) => {
        calls.push(["purge", input]);
        return 2;
      },
    },
    remoteFile: {
      fetch: async (url, { maxBytes }) => {
        calls.push(["fetch", url, maxBytes]);
        return new Uint8Array([1, 2, 3]);
      },
    },
    media: {
      maxBytes: 1_000_000,
      receive: async ({ bytes, ...input }) => {
        const pieces: Uint8Array[] = [];
        for await (const piece of bytes) pieces.push(piece);
        const file = Buffer.concat(pieces);
        const received = { mediaId: "d".repeat(32), mimeType: "application/pdf", bytes: file.length, expiresAt: 0 };
        calls.push(["receive", { ...input, file }]);
        return { ...received, ...(input.fileName !== undefined && { fileName: input.fileName }) };
      },
      ingest: async (input) => {
        calls.push(["ingest", input]);
        const named = input.fileName === undefined ? {} : { fileName: input.fileName };
        return { mediaId: "c".repeat(32), bytes: 3, mimeType: mimeTypes[input.kind], ...named, facts: {} };
      },
    },
    mediaFiles: {
      serve: async (request) => {
        calls.push(["serve", request.method, new URL(request.url).pathname]);
        return new Response(request.method === "HEAD" ? null : "bytes", {
          status: 206,
          headers: { "content-type": "image/png", "content-length": "5", "cache-control": "private" },
        });
      },
      stats: async () => ({
        files: 2,
        bytes: 300,
        directory: "/srv/media",
        linkMs: 86_400_000,
        baseUrl: "https://wa.example/media",
        converter: "wasm",
      }),
    },
    publicUrl: () => "http://server.example",
    addressGuard: createAddressGuard({ allowPrivate: false, allowLoopback: true }, async () => [
      { address: "93.184.216.34", family: 4 },
    ]),
    renderEvent: (event) => ({ type: event.type, instanceId: event.instanceId }),
    availability: () => control.availability,
    stopping: control.stopping.signal,
    clock: { now: () => clock.now, monotonicMs: () => clock.now },
    log: recordingLog(logged),
    webhookSchemas: { ReceivedCallback: { type: "object" } },
    version: "0.0.0-test",
  };
  const app = createHttp(deps, operationTable(), {
    clientAuthToken: known.clientToken,
    partnerAuthToken: known.partnerToken,
    maxBodyBytes: 100_000,
    validateResponses: true,
    ...options,
  });
  parts.defer(() => control.stopping.abort());
  const owned = parts.move();
  return { app, store, calls, logged, clock, control, news, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** One request and what must come of it. */
export interface Scenario {
  readonly name: string;
  /** `GET status`: relative to the test's instance; with a leading slash from the root. */
  readonly request: string;
  /** Credentials sent; `client` when absent. */
  readonly as?: "client" | "partner" | "nobody";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly rawBody?: string;
  readonly status: number;
  /** Matched against the JSON answer. */
  readonly answer?: unknown;
  /** Substrings the answer must not have, beside the secrets that never may. */
  readonly without?: readonly string[];
  /** Substrings the answer must have. */
  readonly text?: readonly string[];
  /** Secrets this answer is meant to show. */
  readonly shows?: readonly string[];
  readonly before?: (http: TestHttp) => unknown;
  readonly after?: (http: TestHttp, answer: unknown) => unknown;
}

/** Runs each row against a server of its own. */
export function scenarios(rows: readonly Scenario[], options: Partial<HttpOptions> = {}): void {
  test.each(rows)("$name", async (row) => {
    await using http = await openHttp(options);
    await row.before?.(http);
    const response = await call(http, row);
    const text = await response.text();
    expect([response.status, text.slice(0, 300)]).toEqual([row.status, expect.anything()]);
    const isJson = text !== "" && response.headers.get("content-type")?.startsWith("application/json") === true;
    const answer: unknown = isJson ? JSON.parse(text) : text;
    if (row.answer !== undefined) expect(answer).toMatchObject(row.answer as object);
    for (const part of row.text ?? []) expect(text).toContain(part);
    const shown = row.shows ?? [];
    const secrets = [known.clientToken, known.partnerToken, known.otherToken, known.instanceToken, known.webhookSecret];
    for (const part of [...(row.without ?? []), ...secrets.filter((secret) => !shown.includes(secret))]) {
      expect(text).not.toContain(part);
    }
    expectNoSecret(http.logged);
    await row.after?.(http, answer);
  });
}

/** Sends one request. */
export async function call(
  http: Pick<TestHttp, "app">,
  row: Pick<Scenario, "request" | "as" | "headers" | "body" | "rawBody">,
): Promise<Response> {
  const [method, path = ""] = row.request.split(" ");
  const url = path.startsWith("/") ? path : `/instances/${known.instanceId}/token/${known.instanceToken}/${path}`;
  const credentials: Record<string, string> =
    row.as === "partner"
      ? { authorization: `Bearer ${known.partnerToken}` }
      : row.as === "nobody"
        ? {}
        : { "client-token": known.clientToken };
  const body = row.rawBody ?? (row.body === undefined ? undefined : JSON.stringify(row.body));
  return http.app.fetch(
    new Request(`http://wazapi.test${url}`, {
      method: method ?? "GET",
      headers: {
        ...credentials,
        ...(body !== undefined && { "content-type": "application/json", "content-length": String(body.length) }),
        ...row.headers,
      },
      ...(body !== undefined && { body }),
    }),
  );
}

/** The JSON a request answers; fails the test when it is refused. */
export async function callJson(http: TestHttp, row: Parameters<typeof call>[1]): Promise<unknown> {
  const response = await call(http, row);
  expect([row.request, response.status < 300]).toEqual([row.request, true]);
  return response.json();
}

/** Fails when any known secret is in there. */
function expectNoSecret(value: unknown): void {
  const text = JSON.stringify(value);
  const { instanceId: _id, otherId: _other, ...secrets } = known;
  for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
}

/** Persists an event of the test's instance. */
export async function persist(http: TestHttp, key: string, event: Partial<NewEvent> = {}): Promise<string> {
  const [row] = await http.store.events.persist({
    instanceId: known.instanceId,
    events: [
      {
        dedupeKey: key,
        kind: "message",
        type: "ReceivedCallback",
        chatId: "5511999999999@s.whatsapp.net",
        occurredAt: http.clock.now,
        captured: "{}",
        slots: ["received"],
        ...event,
      },
    ],
    now: http.clock.now,
  });
  return row?.eventId ?? "";
}

/** Configures the webhook for received messages. */
export async function setHook(http: TestHttp, url = "https://customer.example/hook"): Promise<void> {
  await http.store.instances.setHooks({ instanceId: known.instanceId, hooks: { received: url }, now: http.clock.now });
}

/** Makes every delivery of the test's instance a dead letter. */
export async function buryAll(http: TestHttp): Promise<void> {
  const now = http.clock.now;
  const [lane] = await http.store.deliveries.claimLanes({ owner: "test", limit: 10, leaseMs: 1000, now });
  if (lane === undefined) throw new Error("no lane to claim");
  const pending = await http.store.deliveries.pending({ lane, limit: 100 });
  await http.store.deliveries.settle({
    lane,
    settlements: pending.map(({ deliveryId }) => ({
      deliveryId,
      state: "dead",
      attempts: 5,
      dueAt: now,
      lastError: "status 500",
      attempt: { at: now, durationMs: 12, status: 500, answer: "no", counted: true },
    })),
    now,
  });
  await http.store.deliveries.releaseLane({ lane, now });
}

function instanceOf(id: string, token: string, name: string): Instance {
  return {
    id,
    name,
    token,
    settings: defaultInstanceSettings,
    hooks: {},
    furtherHooks: [],
    subscription: { state: "trial" },
    webhookSecrets: [known.webhookSecret],
    connection: { state: "unpaired", at: t0 },
    createdAt: t0,
    updatedAt: t0,
  };
}
