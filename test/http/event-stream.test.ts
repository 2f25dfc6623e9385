import { expect, test } from "vitest";

import { listenHttp } from "#http/listen.ts";

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

test("events: a position of another database does not silence the stream", async () => {
  await using http = await openHttp();
  await persist(http, "k1");
  const client = await connect(http, { lastEventId: "999999" });
  expect(await client.next()).toEqual({ id: 1 });
  await client.hangUp();
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
