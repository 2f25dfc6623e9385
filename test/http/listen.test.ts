import type { IncomingMessage, ServerResponse } from "node:http";

import { expect, test } from "vitest";

import { listenHttp } from "#http/listen.ts";

import { freePort } from "../support/processes.ts";

test("listenHttp: a request in flight finishes while new connections are refused", async () => {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const listener = await listenHttp(
    {
      nodeListener: (_request, response) => {
        arrived.resolve();
        void released.promise.then(() => response.end("done"));
      },
    },
    { host: "127.0.0.1", port: 0 },
    new AbortController().signal,
  );
  const inFlight = fetch(listener.url).then((answer) => answer.text());
  await arrived.promise;
  const disposed = listener[Symbol.asyncDispose]();
  await expect(fetch(listener.url)).rejects.toThrow();
  released.resolve();
  expect(await inFlight).toBe("done");
  await disposed;
});

test("listenHttp: idle keep-alive connections do not hold up the end", async () => {
  const listener = await listenHttp(
    { nodeListener: (_request, response) => void response.end("ok") },
    { host: "127.0.0.1", port: 0 },
    new AbortController().signal,
  );
  expect(await (await fetch(listener.url)).text()).toBe("ok");
  await listener[Symbol.asyncDispose]();
  await expect(fetch(listener.url)).rejects.toThrow();
});

test("listenHttp: requests that never finish are cut after the drain time", async () => {
  const arrived = Promise.withResolvers<void>();
  const listener = await listenHttp(
    { nodeListener: () => arrived.resolve() },
    { host: "127.0.0.1", port: 0, drainMs: 10 },
    new AbortController().signal,
  );
  const hanging = fetch(listener.url);
  hanging.catch(() => {});
  await arrived.promise;
  await listener[Symbol.asyncDispose]();
  await expect(hanging).rejects.toThrow();
});

test("listenHttp: abort of the signal closes it", async () => {
  const stop = new AbortController();
  await using listener = await listenHttp(
    { nodeListener: (_request, response) => void response.end() },
    { host: "127.0.0.1", port: 0 },
    stop.signal,
  );
  stop.abort();
  await expect(fetch(listener.url)).rejects.toThrow();
});

test("listenHttp: a busy port is an error, never another port", async () => {
  const app = { nodeListener: () => {} };
  const { signal } = new AbortController();
  await using listener = await listenHttp(app, { host: "127.0.0.1", port: 0 }, signal);
  await expect(listenHttp(app, { host: "127.0.0.1", port: listener.port }, signal)).rejects.toMatchObject({
    code: "unavailable",
  });
  await using fixed = await listenHttp(app, { host: "127.0.0.1", port: await freePort() }, signal);
  await expect(listenHttp(app, { host: "127.0.0.1", port: fixed.port }, signal)).rejects.toMatchObject({
    code: "unavailable",
  });
});

test("listenHttp: while a successor takes the port over it is never refused", async () => {
  const { signal } = new AbortController();
  const answering = (text: string) => ({
    nodeListener: (_request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(200, { connection: "close" }).end(text),
  });
  const port = await freePort();
  const old = await listenHttp(answering("old"), { host: "127.0.0.1", port }, signal);
  const answers: string[] = [];
  const calling = new AbortController();
  const caller = (async () => {
    while (!calling.signal.aborted) {
      // A connection that the old one had not taken yet when it closed is reset: the next try reaches the new one.
      const answer = await fetch(old.url).catch((error: unknown) => codeOf(error));
      answers.push(typeof answer === "string" ? answer : await answer.text());
    }
  })();
  await using next = await listenHttp(answering("new"), { host: "127.0.0.1", port, succeeds: true }, signal);
  await old[Symbol.asyncDispose]();
  expect(await (await fetch(next.url)).text()).toBe("new");
  calling.abort();
  await caller;
  expect(answers.filter((answer) => !["old", "new", "ECONNRESET"].includes(answer))).toEqual([]);
  expect(answers.filter((answer) => answer === "ECONNRESET").length).toBeLessThanOrEqual(1);
});

function codeOf(error: unknown): string {
  return String(Object(Object(error).cause).code);
}
