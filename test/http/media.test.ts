import { expect, test } from "vitest";
import { known, openHttp, scenarios } from "./support.ts";

const stats = {
  total_files: 2,
  total_bytes: 300,
  base_path: "/srv/media",
  url_expiry: "24h0m0s",
  public_base_url: "https://wa.example/media",
  converter: "wasm",
};
const file = `/media/${known.instanceId}/${"c".repeat(32)}.png?expires=1&signature=a`;

scenarios([
  {
    name: "stats: totals, and how addresses look",
    request: "GET /media/stats",
    as: "partner",
    status: 200,
    answer: stats,
  },
  { name: "stats: not for everybody", request: "GET /media/stats", as: "nobody", status: 401 },
]);

test("a file: for everybody, with the status and the headers of whoever serves it", async () => {
  await using http = await openHttp();
  const answer = await http.app.fetch(new Request(`http://localhost${file}`));
  expect([answer.status, await answer.text()]).toEqual([206, "bytes"]);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "image/png",
    "content-length": "5",
    "cache-control": "private",
    "x-content-type-options": "nosniff",
  });
  const head = await http.app.fetch(new Request(`http://localhost${file}`, { method: "HEAD" }));
  expect([head.status, await head.text()]).toEqual([206, ""]);
  const { pathname } = new URL(`http://localhost${file}`);
  expect(http.calls).toEqual(["GET", "HEAD"].map((method) => ["serve", method, pathname]));
});

const url = `http://localhost/instances/${known.instanceId}/token/${known.instanceToken}/media`;

/** Hands in a file as a customer does. */
function handIn(body: RequestInit["body"], { query = "", ...headers }: Record<string, string> = {}): Request {
  const given = { "client-token": known.clientToken, ...headers };
  return new Request(`${url}${query}`, { method: "POST", headers: given, body: body ?? null });
}

test("a file to send: taken in as it comes, whatever its type", async () => {
  await using http = await openHttp();
  const headers = { "content-type": "application/json", query: "?fileName=B%C3%A4r.pdf" };
  const answer = await http.app.fetch(handIn("{not json", headers));
  expect([answer.status, await answer.json()]).toEqual([
    200,
    {
      mediaId: "d".repeat(32),
      mimeType: "application/pdf",
      bytes: 9,
      fileName: "B\u00e4r.pdf",
      expiresAt: "1970-01-01T00:00:00.000Z",
    },
  ]);
  const { instanceId } = known;
  const contentType = "application/json";
  expect(http.calls).toEqual([
    ["receive", { instanceId, contentType, fileName: "B\u00e4r.pdf", file: Buffer.from("{not json") }],
  ]);
});

test("a file to send: one that says it is too large is not read, and the connection ends", async () => {
  await using http = await openHttp();
  const answer = await http.app.fetch(handIn("x", { "content-length": "1000001" }));
  expect([answer.status, answer.headers.get("connection"), await answer.json()]).toEqual([
    413,
    "close",
    { error: "the file is larger than 1000000 bytes", code: "payload_too_large" },
  ]);
  expect(http.calls).toEqual([]);
});

test("a file to send: a form is refused, and what curl says by itself says nothing", async () => {
  await using http = await openHttp();
  const form = await http.app.fetch(handIn("--x", { "content-type": "multipart/form-data; boundary=x" }));
  expect([form.status, await form.json()]).toEqual([
    415,
    { error: "the body must be the bytes of the file themselves, not a form", code: "unsupported_media_type" },
  ]);
  const plain = await http.app.fetch(handIn("a;b", { "content-type": "application/x-www-form-urlencoded" }));
  expect(plain.status).toBe(200);
  expect(http.calls).toEqual([["receive", { instanceId: known.instanceId, file: Buffer.from("a;b") }]]);
});

test("a file to send: not without the token, and not for another instance", async () => {
  await using http = await openHttp();
  const statuses: number[] = [];
  for (const [path, token] of [
    [url, "wrong"],
    [url.replace(known.instanceId, known.otherId), known.clientToken],
  ] as const) {
    const headers = { "client-token": token };
    statuses.push((await http.app.fetch(new Request(path, { method: "POST", headers, body: "x" }))).status);
  }
  expect(statuses).toEqual([401, 401]);
  expect(http.calls).toEqual([]);
});
