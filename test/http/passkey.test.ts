import { describe, expect, test } from "vitest";

import type { PasskeyView } from "#domain/passkey.ts";
import { createPasskeyLinks } from "#http/passkey/links.ts";
import { pageLanguageOf, pageWords } from "#http/passkey/words.ts";

import { known, openHttp, t0 } from "./support.ts";
import type { TestHttp } from "./support.ts";

const options = { challenge: "AbC_-1", rpId: "whatsapp.com", allowCredentials: [], hint: "</script>" };
const required: PasskeyView = {
  stage: "required",
  ceremony: "c1",
  options,
  expiresAt: t0 + 600_000,
  lastDigits: "7777",
};
const credential = {
  id: "AAAA",
  rawId: "AAAA",
  type: "public-key",
  response: { clientDataJSON: "AA", authenticatorData: "AA", signature: "AA", userHandle: null },
};
const instance = `/instances/${known.instanceId}/token/${known.instanceToken}`;

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

async function ask(
  { app }: TestHttp,
  path: string,
  {
    body,
    accept = "application/json",
    ...headers
  }: { body?: unknown; accept?: string; "accept-language"?: string } = {},
): Promise<Asked> {
  const request = new Request(`http://server.example${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { accept, ...headers, "client-token": known.clientToken, "content-type": "application/json" },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const response = await app.fetch(request);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
}

/** A server whose instance is asked for its passkey, and the path of the link. */
async function asked(view: PasskeyView = required): Promise<{ http: TestHttp; link: string } & AsyncDisposable> {
  const http = await openHttp();
  http.control.passkey = view;
  const { json } = await ask(http, `${instance}/passkey`);
  return {
    http,
    link: String(json["link"]).replace("http://server.example", ""),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

describe("for programs", () => {
  test("says the stage, with options and a link only while they are of use", async () => {
    await using http = await openHttp();
    expect(await ask(http, `${instance}/passkey`)).toMatchObject({ status: 200, json: { stage: "none" } });
    http.control.passkey = required;
    const { json } = await ask(http, `${instance}/passkey`);
    const link = expect.stringMatching(/^http:\/\/server\.example\/passkey\/[\w-]{32}$/);
    expect(json).toEqual({ stage: "required", options, expiresAt: t0 + 600_000, link });
    expect((await ask(http, `${instance}/passkey`)).json["link"]).toBe(json["link"]);
    http.control.passkey = { stage: "confirm", ceremony: "c1", code: "ABCD-1234", expiresAt: t0 };
    expect((await ask(http, `${instance}/passkey`)).json).toEqual({
      stage: "confirm",
      code: "ABCD-1234",
      expiresAt: t0,
    });
  });

  test("takes the credential and the comparison", async () => {
    await using http = await openHttp();
    expect(await ask(http, `${instance}/passkey`, { body: credential })).toMatchObject({ status: 202 });
    expect(await ask(http, `${instance}/passkey/confirm`, { body: {} })).toMatchObject({ status: 202 });
    expect(await ask(http, `${instance}/passkey/confirm`, { body: { match: false } })).toMatchObject({ status: 202 });
    const { instanceId } = known;
    expect(http.calls).toEqual([
      ["answerPasskey", { instanceId, credential }],
      ["comparePasskey", { instanceId, match: true }],
      ["comparePasskey", { instanceId, match: false }],
    ]);
  });

  test("refuses what has another form, and what is too large", async () => {
    await using http = await openHttp();
    expect(await ask(http, `${instance}/passkey`, { body: { id: "AAAA" } })).toMatchObject({
      status: 400,
      json: { code: "invalid_request", field: "rawId" },
    });
    const large = { ...credential, more: "A".repeat(20_000) };
    expect(await ask(http, `${instance}/passkey`, { body: large })).toMatchObject({ status: 413 });
    expect(http.calls).toEqual([]);
  });

  test("status says it in words", async () => {
    await using http = await openHttp();
    for (const [reason, words] of [
      ["passkey_required", "passkey of this number"],
      ["passkey_silent", "the phone never continued"],
    ] as const) {
      http.control.connection = { state: "pairing", reason, at: t0 };
      expect((await ask(http, `${instance}/status`)).json["error"]).toContain(words);
    }
  });
});

describe("the page behind the link", () => {
  test("runs only its own script, is kept nowhere and framed nowhere", async () => {
    await using one = await asked();
    const { status, headers, text } = await ask(one.http, one.link, { accept: "text/html" });
    expect(status).toBe(200);
    const policy = headers.get("content-security-policy") ?? "";
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(text.match(/<script nonce="([^"]+)">/)?.[1]).toBe(nonce);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect([headers.get("cache-control"), headers.get("referrer-policy")]).toEqual(["no-store", "no-referrer"]);
    expect(text).toContain("<b>7777</b>");
    expect(text.match(/<\/script>/g)?.length).toBe(2);
    expect(text).not.toMatch(/src="http|<link/);
  });

  test.each([
    ["pt-BR,pt;q=0.9,en;q=0.8", "", "pt"],
    ["de,en;q=0.8", "", "en"],
    ["de", "?lang=pt", "pt"],
  ] as const)("speaks the language of the browser: %s%s", async (accept, query, language) => {
    await using one = await asked();
    const headers = { accept: "text/html", "accept-language": accept };
    const { text } = await ask(one.http, one.link + query, headers);
    expect(text).toContain(`<html lang="${language}">`);
    expect(text).toContain(pageWords[language].title);
  });

  test("takes one passkey, then shows the progress at another address", async () => {
    await using one = await asked();
    const { http, link } = one;
    expect((await ask(http, link)).json).toEqual({ stage: "required", expiresAt: t0 + 600_000 });
    const sent = await ask(http, link, { body: credential });
    expect([sent.status, http.calls]).toEqual([202, [["answerPasskey", { instanceId: known.instanceId, credential }]]]);
    const next = String(sent.json["next"]);
    expect(await ask(http, link, { body: credential })).toMatchObject({ status: 410, json: { code: "link_expired" } });
    expect(await ask(http, link)).toMatchObject({ status: 410 });
    expect(await ask(http, link, { accept: "text/html" })).toMatchObject({
      status: 410,
      text: expect.stringContaining("html"),
    });
    // The address of the program's route does not come back to life either.
    http.control.passkey = required;
    await ask(http, `${instance}/passkey`);
    expect(await ask(http, link)).toMatchObject({ status: 410 });
    http.control.passkey = { stage: "confirm", ceremony: "c1", code: "ABCD-1234" };
    expect((await ask(http, next)).json).toEqual({ stage: "confirm", code: "ABCD-1234" });
    expect(await ask(http, next, { body: credential })).toMatchObject({ status: 400 });
    expect(await ask(http, next, { body: { match: true } })).toMatchObject({ status: 202 });
    http.control.passkey = { stage: "none" };
    // It is over, and the session does not know yet how it ended: nothing final is said.
    http.control.connection = { state: "pairing", reason: "passkey_linking", at: t0 };
    expect((await ask(http, next)).json).toEqual({ stage: "linking" });
    http.control.passkey = { ...required, ceremony: "c2" };
    http.control.connection = { state: "pairing", reason: "passkey_required", at: t0 };
    expect((await ask(http, next)).json).toEqual({ stage: "none", end: "expired" });
    http.control.passkey = { stage: "none" };
    http.control.connection = { state: "connected", at: t0, phone: "5511988887777" };
    expect((await ask(http, next)).json).toEqual({ stage: "none", end: "linked" });
    http.control.connection = { state: "unpaired", reason: "passkey_silent", at: t0 };
    expect((await ask(http, next)).json).toEqual({ stage: "none", end: "silent" });
  });

  test("dies with its challenge: another ceremony is not answered by it", async () => {
    await using one = await asked();
    one.http.control.passkey = { ...required, ceremony: "c2" };
    expect(await ask(one.http, one.link, { body: credential })).toMatchObject({ status: 410 });
    expect(await ask(one.http, one.link)).toMatchObject({ status: 410 });
    expect(one.http.calls).toEqual([]);
  });

  test("a guess opens nothing, and many guesses are slowed down", async () => {
    await using one = await asked();
    const guess = `/passkey/${"A".repeat(32)}`;
    expect(await ask(one.http, guess)).toMatchObject({ status: 410 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(one.http, guess)));
    expect(answers.some(({ status }) => status === 429)).toBe(true);
    expect((await ask(one.http, one.link)).status).toBe(200);
  });

  test("the token is in no log", async () => {
    await using one = await asked();
    await ask(one.http, one.link, { body: credential });
    await ask(one.http, one.link);
    expect(JSON.stringify(one.http.logged)).not.toContain(one.link.slice("/passkey/".length));
  });
});

test("links: another process knows none of them", () => {
  const link = { instanceId: "i", ceremony: "c", kind: "page" } as const;
  const [one, other] = [createPasskeyLinks(), createPasskeyLinks()];
  expect(one.tokenOf(link)).not.toBe(other.tokenOf(link));
  expect(other.find(one.tokenOf(link))).toBeUndefined();
  expect(one.find(one.tokenOf(link))).toEqual(link);
  expect(one.find("")).toBeUndefined();
});

test("languages: what is not there is English", () => {
  expect([pageLanguageOf(undefined), pageLanguageOf("pt-PT"), pageLanguageOf("fr", "pt")]).toEqual(["en", "pt", "pt"]);
  expect(Object.keys(pageWords.pt)).toEqual(Object.keys(pageWords.en));
});
