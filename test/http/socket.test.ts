import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";

import { describe, expect, test, vi } from "vitest";

import { forwardTo } from "#http/forward.ts";
import { listenHttp } from "#http/listen.ts";
import { sleep } from "#lib/sleep.ts";

import { known, openHttp } from "./support.ts";

const path = `/instances/${known.instanceId}/token/${known.instanceToken}/send-text`;
const headers = { "client-token": known.clientToken, "content-type": "application/json" };
const message = JSON.stringify({ phone: "5511999999999", message: "çé 👋" });
const large = JSON.stringify({ phone: "5511999999999", message: "x".repeat(1_000_000) });

/** The same text in pieces, so that no length is declared. */
function chunked(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += 1000)));
    },
  });
}

test.each([
  ["declared", () => message, 200],
  ["chunked", () => chunked(message), 200],
  ["declared and too large", () => large, 413],
  ["chunked and too large", () => chunked(large), 413],
] as const)("over a socket: a %s body", async (_name, body, status) => {
  await using http = await openHttp();
  await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, new AbortController().signal);
  const response = await fetch(listener.url + path, { method: "POST", headers, body: body(), duplex: "half" });
  expect(response.status).toBe(status);
  await response.text();
  const queued = await http.store.queue.list({ instanceId: known.instanceId, states: ["queued"], limit: 2 });
  const texts = queued.map(({ outgoing: { content } }) => (content.kind === "text" ? content.text : content.kind));
  expect(texts).toEqual(status === 200 ? ["çé 👋"] : []);
});

test.each([
  ["without a body or a word about one", "", 200],
  ["with a body of no type", "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", 415],
])("over a socket: a POST %s", async (_name, rest, status) => {
  await using http = await openHttp();
  await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, new AbortController().signal);
  const socket = connect(listener.port, "127.0.0.1");
  const rotate = path.replace("send-text", "webhooks/secret/rotate");
  const { "client-token": clientToken } = headers;
  socket.write(
    `POST ${rotate} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nclient-token: ${clientToken}\r\n${rest}\r\n`,
  );
  let answer = "";
  for await (const chunk of socket.setEncoding("utf8")) answer += String(chunk);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
});

test("over a socket: HEAD has the headers of GET and no body", async () => {
  await using http = await openHttp();
  await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, new AbortController().signal);
  const response = await fetch(`${listener.url}/health`, { method: "HEAD" });
  expect([response.status, response.headers.get("x-content-type-options"), await response.text()]).toEqual([
    200,
    "nosniff",
    "",
  ]);
});

test.each(["content-length: 1000", "transfer-encoding: chunked"])(
  "over a socket: a caller that hangs up in the middle of its body (%s) harms nobody",
  async (framing) => {
    await using http = await openHttp();
    await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, new AbortController().signal);
    const socket = connect(listener.port, "127.0.0.1");
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n${lines.join("\r\n")}\r\n${framing}\r\n\r\n`);
    socket.write(framing.includes("chunked") ? '3\r\n{"p\r\n' : '{"p', () => socket.destroy());
    await vi.waitFor(() => expect(http.logged).toMatchObject([{ operation: "sendText", status: 400 }]));
    expect((await fetch(`${listener.url}/health`)).status).toBe(200);
  },
);

test("over a socket: a caller that hangs up while a mounted server works is no failure of ours", async () => {
  const asked = Promise.withResolvers<void>();
  const silent = createServer(() => asked.resolve()).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const failed = Promise.withResolvers<unknown>();
  const forward = forwardTo(`http://127.0.0.1:${Object(silent.address()).port}`);
  const watched: typeof forward = async (request) => {
    try {
      return await forward(request);
    } catch (error) {
      failed.resolve(error);
      throw error;
    }
  };
  await using http = await openHttp({ mounts: [{ prefix: "/side", scope: "public", fetch: watched }] });
  await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0 }, new AbortController().signal);
  const caller = new AbortController();
  const answered = fetch(`${listener.url}/side`, { signal: caller.signal }).catch(() => "gone");
  await asked.promise;
  caller.abort();
  expect(await answered).toBe("gone");
  await failed.promise;
  await new Promise(setImmediate);
  expect(http.logged).toEqual([]);
  silent.close();
  silent.closeAllConnections();
});

describe("a body that trickles in over the time of a body", () => {
  const bodyMs = 300;

  /** Sends a piece every 50 ms, 20 in all; resolves with what was answered before the connection ended. */
  async function trickle(
    target: string,
    { token = known.clientToken, connection = "close" }: { readonly token?: string; readonly connection?: string } = {},
  ) {
    await using http = await openHttp();
    const signal = new AbortController().signal;
    await using listener = await listenHttp(http.app, { host: "127.0.0.1", port: 0, bodyMs }, signal);
    const socket = connect(listener.port, "127.0.0.1");
    const closed = new AbortController();
    let answer = "";
    socket.setEncoding("utf8").on("data", (text) => (answer += String(text)));
    socket.on("error", () => {}).on("close", () => closed.abort());
    socket.write(
      `POST ${target} HTTP/1.1\r\nhost: x\r\nconnection: ${connection}\r\nclient-token: ${token}\r\n` +
        "content-type: application/json\r\ncontent-length: 20\r\n\r\n",
    );
    let sent = 0;
    for (; sent < 20 && !closed.signal.aborted; sent += 1) {
      socket.write("1");
      await sleep(50, closed.signal);
    }
    if (!closed.signal.aborted) await once(socket, "close");
    return { answer, sent };
  }
  const media = path.replace("send-text", "media");

  test("is cut off", async () => {
    const { answer, sent } = await trickle(path);
    expect(answer).not.toContain("200 OK");
    expect(sent).toBeLessThan(20);
  });

  test("is cut off where nobody reads it", async () => {
    const { answer, sent } = await trickle(media, { token: "wrong", connection: "keep-alive" });
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(sent).toBeLessThan(20);
  });

  test("is taken to its end where it is a file", async () => {
    const { answer, sent } = await trickle(media);
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*"bytes":20/s);
    expect(sent).toBe(20);
  });
});
