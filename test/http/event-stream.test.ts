import { once } from "node:events";
import { connect as openSocket } from "node:net";

import { expect, onTestFinished, test, vi } from "vitest";

import { streamEvents } from "#http/event-stream.ts";
import { listenHttp } from "#http/listen.ts";
import { systemClock } from "#lib/clock.ts";
import type { EventRow } from "#store/records.ts";

import { call, known, openHttp, persist } from "./support.ts";
import type { TestHttp } from "./support.ts";

interface Frame {
  readonly id: number;
  readonly event?: string;
  readonly data?: { readonly eventId: string; readonly sequence: number; readonly payload: unknown };
}

/** A client that reads frame by frame and can hang up. */
async function connect(http: TestHttp, options: { query?: string; lastEventId?: string } = {}) {
  const response = await call(http, {
    request: `GET /events${options.query ?? ""}`,
    as: "partner",
    ...(options.lastEventId !== undefined && { headers: { "last-event-id": options.lastEventId } }),
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  const next = async (): Promise<Frame | undefined> => {
    for (;;) {
      const end = rest.indexOf("\n\n");
      if (end >= 0) {
        const fields = Object.fromEntries(
          rest
            .slice(0, end)
            .split("\n")
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
        ) as Record<string, string>;
        rest = rest.slice(end + 2);
        if (fields["id"] === undefined) continue;
        return {
          id: Number(fields["id"]),
          ...(fields["event"] !== undefined && { event: fields["event"] }),
          ...(fields["data"] !== undefined && { data: JSON.parse(fields["data"]) as NonNullable<Frame["data"]> }),
        };
      }
      const { value, done } = await reader.read();
      if (done) return undefined;
      rest += value;
    }
  };
  return { next, hangUp: () => reader.cancel() };
}

test("events: a new client gets what comes next, as it comes", async () => {
  await using http = await openHttp();
  await persist(http, "before");
  const client = await connect(http);
  expect(await client.next()).toEqual({ id: 1 });
  const eventId = await persist(http, "after");
  http.news.ring();
  expect(await client.next()).toMatchObject({
    id: 2,
    event: "ReceivedCallback",
    data: { eventId, sequence: 2, payload: { type: "ReceivedCallback" } },
  });
  await client.hangUp();
});

test("events: neither a gap nor a repetition over restarts of the server", async () => {
  await using http = await openHttp();
  const expected: string[] = [];
  for (let i = 0; i < 250; i++) expected.push(await persist(http, `k${i}`));
  const seen: string[] = [];
  let lastEventId = "0";
  // Each turn is one life of the connection, cut somewhere.
  for (let life = 0; seen.length < expected.length; life++) {
    const client = await connect(http, { lastEventId });
    await client.next();
    for (let read = 0; read < 37 + life && seen.length < expected.length; read++) {
      const frame = (await client.next())!;
      lastEventId = String(frame.id);
      seen.push(frame.data!.eventId);
    }
    await client.hangUp();
  }
  expect(seen).toEqual(expected);
});

test("events: a stream ends when the server stops", async () => {
  await using http = await openHttp();
  const client = await connect(http);
  await client.next();
  const ended = client.next();
  http.control.stopping.abort();
  expect(await ended).toBeUndefined();
});

test("events: from the beginning, of one instance, of one type", async () => {
  await using http = await openHttp();
  await persist(http, "k1");
  await persist(http, "k2", { type: "MessageStatusCallback" });
  const client = await connect(http, { query: `?after=0&instanceId=${known.instanceId}&type=MessageStatusCallback` });
  expect(await client.next()).toEqual({ id: 0 });
  expect(await client.next()).toMatchObject({ id: 2, event: "MessageStatusCallback" });
  await client.hangUp();
});

test("events: a position of another database does not silence the stream, and is told", async () => {
  await using http = await openHttp();
  await persist(http, "k1");
  const client = await connect(http, { lastEventId: "999999" });
  expect(await client.next()).toEqual({ id: 1 });
  const data = { after: 999_999, next: null, reason: "unknown_position" };
  expect(await client.next()).toEqual({ id: 1, event: "gap", data });
  await client.hangUp();
});

test("events: several types, and the instance under its short name", async () => {
  await using http = await openHttp();
  await persist(http, "k1");
  await persist(http, "k2", { type: "MessageStatusCallback" });
  await persist(http, "k3", { type: "PresenceChatCallback" });
  const query = `?after=0&instance=${known.instanceId}&types=MessageStatusCallback,%20PresenceChatCallback`;
  const client = await connect(http, { query });
  await client.next();
  expect([(await client.next())?.id, (await client.next())?.id]).toEqual([2, 3]);
  await client.hangUp();
});

test.each([
  ["a type that does not exist", "?types=ReceivedCallback,Received", 400, "invalid_request"],
  ["no type", "?types=", 400, "invalid_request"],
  ["an instance that does not exist", `?instance=${"F".repeat(32)}`, 404, "instance_not_found"],
])("events: %s is refused, not waited for", async (_, query, status, code) => {
  await using http = await openHttp();
  const response = await call(http, { request: `GET /events${query}`, as: "partner" });
  expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ code })]);
});

test.each([["client"], ["nobody"]] as const)("events: the credentials of %s do not open it", async (as) => {
  await using http = await openHttp();
  expect((await call(http, { request: "GET /events", as })).status).toBe(401);
});

/** Rows as a feed holds them. */
function row(position: number, type = "ReceivedCallback"): EventRow {
  return {
    position,
    type,
    eventId: `evt_${position}`,
    instanceId: known.instanceId,
    sequence: position,
    kind: "message",
    occurredAt: 1,
    createdAt: 1,
    captured: "{}",
  };
}

/** A stream over rows that somebody else deletes and appends. */
async function streamOver(
  rows: readonly EventRow[],
  query: { readonly after: number; readonly types?: ReadonlySet<string>; readonly last?: number },
) {
  const stop = new AbortController();
  const reads = { count: 0 };
  const stream = await streamEvents(
    {
      feed: {
        since: async ({ after, limit }) => {
          reads.count += 1;
          return rows.filter(({ position }) => position > after).slice(0, limit);
        },
        lastPosition: async () => query.last ?? rows.at(-1)?.position ?? 0,
        wait: (signal) =>
          new Promise((resolve) => {
            if (signal.aborted) resolve();
            else signal.addEventListener("abort", () => resolve(), { once: true });
          }),
      },
      renderEvent: () => ({ text: "x".repeat(10_000) }),
      clock: systemClock,
      signal: stop.signal,
      heartbeatMs: 5,
    },
    { after: query.after, instanceId: undefined, types: query.types },
  );
  const reader = stream.getReader();
  return {
    reads,
    next: async () => new TextDecoder().decode((await reader.read()).value),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await reader.cancel();
    },
  };
}

test.each([
  ["behind it something is gone", [row(7), row(8)], 3, 8, { after: 3, next: 7, reason: "expired" }],
  ["behind it everything is gone", [], 3, 8, { after: 3, next: null, reason: "expired" }],
])("events: a client that was away longer than events are kept is told: %s", async (_, rows, after, last, data) => {
  await using stream = await streamOver(rows, { after, last });
  await stream.next();
  expect(await stream.next()).toBe(`id: 3\nevent: gap\ndata: ${JSON.stringify(data)}\n\n`);
});

test.each([
  ["its own event is still kept", [row(3), row(7)], 3, 7],
  ["only what it saw is gone", [row(4), row(5)], 3, 5],
  ["it saw everything there was", [], 8, 8],
  ["it asks for the oldest", [row(4), row(5)], 0, 5],
])("events: nothing is said of a gap when there is none: %s", async (_, rows, after, last) => {
  await using stream = await streamOver(rows, { after, last });
  await stream.next();
  expect(await stream.next()).not.toContain("event: gap");
});

test("events: a silent stream beats, and a beat names the position behind what the filter held back", async () => {
  await using stream = await streamOver([row(1, "PresenceChatCallback"), row(2, "PresenceChatCallback")], {
    after: 0,
    types: new Set(["ReceivedCallback"]),
  });
  expect(await stream.next()).toBe("retry: 1000\nid: 0\n\n");
  expect(await stream.next()).toMatch(/^: \d+\nid: 2\n\n$/);
  expect(await stream.next()).toMatch(/^: \d+\nid: 2\n\n$/);
});

test("events: a client that does not read is not read ahead for", async () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => row(index + 1));
  await using stream = await streamOver(rows, { after: 0 });
  await stream.next();
  await stream.next();
  // One read for the first hundred events: nothing else is fetched before they are taken.
  await new Promise((resolve) => setImmediate(resolve));
  expect(stream.reads.count).toBe(1);
  for (let taken = 1; taken < 1_000; taken++) await stream.next();
  expect(stream.reads.count).toBeLessThanOrEqual(11);
});

test("events: over a socket, a client that hangs up leaves nothing behind", async () => {
  await using http = await openHttp();
  const { signal } = new AbortController();
  await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, signal);
  const hangUp = new AbortController();
  const response = await fetch(`${listener.url}/events`, {
    headers: { authorization: `Bearer ${known.partnerToken}` },
    signal: hangUp.signal,
  });
  const reader = response.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("retry: 1000\nid: 0\n\n");
  await http.news.someoneWaits();
  hangUp.abort();
  await http.news.nobodyWaits();
});

test("events: over a socket, the end of the server ends the streams before the listener", async () => {
  await using http = await openHttp();
  const { signal } = new AbortController();
  const listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, signal);
  const response = await fetch(`${listener.url}/events`, {
    headers: { authorization: `Bearer ${known.partnerToken}` },
  });
  http.control.stopping.abort();
  await listener[Symbol.asyncDispose]();
  expect(await response.text()).toBe("retry: 1000\nid: 0\n\n");
});

test("events: over a socket, a client that stops reading holds a batch in memory, not the outbox", async () => {
  await using http = await openHttp();
  const total = 600;
  for (let n = 0; n < total; n++) await persist(http, `k${n}`, { chatId: "9".repeat(60_000) });
  const since = vi.spyOn(http.store.events, "since");
  await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, new AbortController().signal);
  const socket = openSocket(Number(new URL(listener.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.pause();
  socket.write(`GET /events?after=0 HTTP/1.1\r\nhost: here\r\nauthorization: Bearer ${known.partnerToken}\r\n\r\n`);
  // What the sockets of both sides take, and no more: 36 MB would be every read.
  const reads = await settled(() => since.mock.calls.length);
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThan(total / 100);
  let seen = "";
  let arrived = 0;
  socket.on("data", (chunk) => {
    const text = seen + chunk.toString("latin1");
    arrived += text.split("event: ReceivedCallback").length - 1;
    // Enough of the end for a name that two chunks share, too little for a whole one.
    seen = text.slice(-22);
  });
  socket.resume();
  await vi.waitFor(() => expect(arrived).toBe(total), { timeout: 40_000, interval: 20 });
  socket.destroy();
  await http.news.nobodyWaits();
});

/** A count once it has stayed the same for a while. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1; ;) {
    const now = count();
    if (now === before && now > 0) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
