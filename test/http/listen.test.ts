import { expect, test } from "vitest";

import { listenHttp } from "#http/listen.ts";

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

test("listenHttp: a busy port and a port browsers refuse are errors, never another port", async () => {
  const app = { nodeListener: () => {} };
  const { signal } = new AbortController();
  await using listener = await listenHttp(app, { host: "127.0.0.1", port: 0 }, signal);
  await expect(listenHttp(app, { host: "127.0.0.1", port: listener.port }, signal)).rejects.toMatchObject({
    code: "unavailable",
  });
  await expect(listenHttp(app, { host: "127.0.0.1", port: 6000 }, signal)).rejects.toMatchObject({
    code: "unavailable",
  });
});
