import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { mediaPath } from "#media/links/media-address.ts";
import { createUrlSigner } from "#media/links/sign-url.ts";
import type { NewMedia } from "#store/media.ts";
import { openServeRig, type ServeRig } from "./serve-rig.ts";

let rig: ServeRig;
afterEach(() => rig?.[Symbol.asyncDispose]());

const body = randomBytes(1_000);
const addressOf = (row: NewMedia, liveMs = 60_000) =>
  `http://host${rig.signer.sign(mediaPath(row), rig.time.clock.now() + liveMs)}`;
const get = (url: string, headers: Record<string, string> = {}, method = "GET") =>
  rig.serve(new Request(url, { headers, method }));
const stored = async (over: Partial<NewMedia> = {}, bytes = body, mimeType?: string) => {
  rig = await openServeRig();
  const row = await rig.expect(over);
  const { sha256 } = await rig.arrive(row, bytes, mimeType);
  return { row, sha256 };
};
const errorOf = async (answer: Response) => ({ status: answer.status, ...((await answer.json()) as object) });

describe("signed addresses", () => {
  test("open the file without a token", async () => {
    const { row, sha256 } = await stored({ fileName: "photo.png" });
    const answer = await get(addressOf(row));
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(body);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "image/png",
      "content-length": "1000",
      "content-disposition": 'inline; filename="photo.png"',
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
      "accept-ranges": "bytes",
      etag: `"${sha256}"`,
    });
  });

  test("the names of the older interface description are taken too", async () => {
    const { row } = await stored();
    const url = addressOf(row).replace("expires=", "exp=").replace("signature=", "sig=");
    expect((await get(url)).status).toBe(200);
  });

  test.each([
    ["another signature", (url: string) => url.replace(/signature=./, "signature=_"), 403],
    ["a signature of another length", (url: string) => `${url}AA`, 403],
    ["an empty signature", (url: string) => url.replace(/signature=.*/, "signature="), 403],
    [
      "a later expiry",
      (url: string) => url.replace(/expires=(\d+)/, (_, at: string) => `expires=${Number(at) + 1}`),
      403,
    ],
    ["another extension", (url: string) => url.replace(".png?", ".html?"), 403],
    ["another instance", (url: string) => url.replace("/I/", "/J/"), 403],
    ["no signature", (url: string) => url.replace(/[?].*/, ""), 400],
    ["a path out of the folder", (url: string) => url.replace("/I/", "/..%2f..%2fetc/"), 403],
    ["a path of another form", () => "http://host/media/I/../../etc/passwd?expires=1&signature=x", 400],
    ["an id of another form", () => "http://host/media/I/short.png?expires=1&signature=x", 400],
  ])("%s: %#", async (_, change, status) => {
    const { row } = await stored();
    const answer = await get(change(addressOf(row)));
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("expired: 410, to the second", async () => {
    const { row } = await stored();
    const url = addressOf(row, 10_000);
    rig.time.advance(9_000);
    expect((await get(url)).status).toBe(200);
    rig.time.advance(1_000);
    expect(await errorOf(await get(url))).toEqual({
      status: 410,
      code: "link_expired",
      error: "this address has expired",
    });
    // Who made it up learns nothing about time.
    const forged = url.replace(/signature=(.)/, (_, first) => `signature=${first === "A" ? "B" : "A"}`);
    expect((await get(forged)).status).toBe(403);
  });

  test("of another installation: refused", async () => {
    const { row } = await stored();
    const foreign = createUrlSigner(randomBytes(32)).sign(mediaPath(row), rig.time.clock.now() + 60_000);
    expect((await get(`http://host${foreign}`)).status).toBe(403);
  });

  test("of a file that is gone: 404; other verbs: 405", async () => {
    const { row } = await stored();
    const url = addressOf(row, 1e12);
    expect((await get(url, {}, "POST")).status).toBe(405);
    await rig.stores.media.prune({ limit: 10, now: row.expiresAt });
    expect((await get(url)).status).toBe(404);
  });
});

describe("ranges", () => {
  test.each([
    ["bytes=0-9", 206, [0, 10]],
    ["bytes=990-", 206, [990, 1_000]],
    ["bytes=-5", 206, [995, 1_000]],
    ["bytes=-5000", 206, [0, 1_000]],
    ["bytes=900-99999", 206, [900, 1_000]],
    ["bytes=0-0", 206, [0, 1]],
    ["bytes=1000-", 416, undefined],
    ["bytes=-0", 416, undefined],
    ["bytes=0-1,5-6", 200, [0, 1_000]],
    ["bytes=9-1", 200, [0, 1_000]],
    ["lines=1-2", 200, [0, 1_000]],
  ] as const)("%s", async (range, status, part) => {
    const { row } = await stored();
    const answer = await get(addressOf(row), { range });
    expect(answer.status).toBe(status);
    if (part === undefined) return expect(answer.headers.get("content-range")).toBe("bytes */1000");
    const [start, end] = part;
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(body.subarray(start, end));
    expect(answer.headers.get("content-length")).toBe(String(end - start));
    expect(answer.headers.get("content-range")).toBe(status === 206 ? `bytes ${start}-${end - 1}/1000` : null);
  });

  test("a range of another version gets the whole; a known version gets nothing", async () => {
    const { row, sha256 } = await stored();
    const url = addressOf(row);
    expect((await get(url, { range: "bytes=0-1", "if-range": '"other"' })).status).toBe(200);
    expect((await get(url, { range: "bytes=0-1", "if-range": `"${sha256}"` })).status).toBe(206);
    expect((await get(url, { "if-none-match": `"${sha256}"` })).status).toBe(304);
  });

  test("HEAD: the same headers, no body", async () => {
    const { row } = await stored();
    const answer = await get(addressOf(row), {}, "HEAD");
    expect(answer.headers.get("content-length")).toBe("1000");
    expect(answer.body).toBeNull();
  });
});

describe("types: what the sender says counts only where it fits the content", () => {
  test.each([
    ["text/html", "text/html", "text/html", "attachment"],
    ["text/html", "image/png", "image/png", "inline"],
    ["image/svg+xml", "image/svg+xml", "image/svg+xml", "attachment"],
    ["audio/ogg; codecs=opus", "audio/ogg; codecs=opus", "audio/ogg; codecs=opus", "inline"],
    ["audio/ogg", "audio/ogg; codecs=opus", "audio/ogg", "inline"],
    ["application/pdf", "application/octet-stream", "application/pdf", "inline"],
    ["text/csv", "text/plain", "text/csv", "attachment"],
    ["x/y\r\nset-cookie: a=b", "image/png", "image/png", "inline"],
    ["text/html", "application/octet-stream", "application/octet-stream", "attachment"],
  ])("declared %j, found %j: %s, %s", async (declared, found, type, how) => {
    const { row } = await stored({ mimeType: declared }, body, found);
    const answer = await get(addressOf(row));
    expect(answer.headers.get("content-type")).toBe(type);
    expect(answer.headers.get("content-disposition")).toMatch(new RegExp(`^${how}; `));
  });

  test.each([
    ["Relatório (1).pdf", `filename="Relat_rio (1).pdf"; filename*=UTF-8''Relat%C3%B3rio%20%281%29.pdf`],
    ['a"; filename=b.exe', `filename="a__ filename_b.exe"; filename*=UTF-8''a%22%3B%20filename%3Db.exe`],
    ["../../etc/passwd", 'filename="passwd.pdf"'],
    ["report", 'filename="report.pdf"'],
  ])("the name %s", async (fileName, disposition) => {
    const { row } = await stored({ fileName, mimeType: "application/pdf" }, body, "application/pdf");
    expect((await get(addressOf(row))).headers.get("content-disposition")).toBe(`inline; ${disposition}`);
  });
});

describe("a file that is on its way", () => {
  test("the GET waits until it is there", async () => {
    rig = await openServeRig();
    const row = await rig.expect();
    const asking = get(addressOf(row));
    await rig.time.settle();
    await rig.arrive(row, body);
    const answer = await asking;
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(body);
  });

  test("another process fetches it: seen within a second", async () => {
    rig = await openServeRig();
    const row = await rig.expect();
    const asking = get(addressOf(row));
    await rig.time.settle();
    const elsewhere = { ...rig.arrivals, changed: () => {} };
    expect(elsewhere).toBeDefined();
    const [claim] = await rig.stores.media.claim({ owner: "b", limit: 1, leaseMs: 1_000, now: rig.time.clock.now() });
    await rig.stores.media.settle({ claim: claim!, outcome: { state: "failed", attempts: 1, error: "gone" }, now: 0 });
    rig.time.advance(1_000);
    expect(await errorOf(await asking)).toEqual({ status: 404, code: "not_found", error: "gone" });
  });

  test("it does not come in time: come again later", async () => {
    rig = await openServeRig({ waitMs: 3_000 });
    const row = await rig.expect();
    const asking = get(addressOf(row));
    for (let second = 0; second < 4; second += 1) {
      await rig.time.settle();
      rig.time.advance(1_000);
    }
    const answer = await asking;
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
  });

  test("the server stops meanwhile: come again later, at once", async () => {
    rig = await openServeRig();
    const asking = get(addressOf(await rig.expect()));
    await rig.time.settle();
    rig.stop();
    expect((await asking).status).toBe(503);
  });

  test("too many wait already: come again later, at once", async () => {
    rig = await openServeRig({ maxWaiting: 1 });
    const row = await rig.expect();
    const first = get(addressOf(row));
    await rig.time.settle();
    expect((await get(addressOf(row))).status).toBe(503);
    await rig.arrive(row, body);
    expect((await first).status).toBe(200);
  });

  test("who goes away waits no longer", async () => {
    rig = await openServeRig();
    const row = await rig.expect();
    const controller = new AbortController();
    const asking = rig.serve(new Request(addressOf(row), { signal: controller.signal }));
    await rig.time.settle();
    controller.abort();
    expect((await asking).status).toBe(503);
  });
});
