import { expect, test } from "vitest";

import { t0 } from "../http/support.ts";
import { openServer } from "./support.ts";
import type { TestServer } from "./support.ts";

const main = ["--instance", "main"];
const options = { challenge: "AbC_-1", rpId: "whatsapp.com" };
const required = { stage: "required", ceremony: "c1", options, expiresAt: Date.now() + 600_000 } as const;
const connected = { state: "connected", at: t0, phone: "5511988887777" } as const;

function become(
  { http }: TestServer,
  stage: "required" | "waiting_phone" | "confirm" | "linking",
  code?: string,
): void {
  http.control.passkey =
    stage === "required" ? required : { stage, ceremony: "c1", ...(code !== undefined && { code }) };
  http.control.connection = { state: "pairing", reason: `passkey_${stage}`, at: t0 };
  http.news.ring();
}

test("pair: takes the QR away when WhatsApp asks for a passkey, and shows the way to the end", async () => {
  await using server = await openServer();
  const pairing = server.start(["pair", ...main], { terminal: { columns: 120, rows: 60 } });
  await expect.poll(pairing.stdout, { timeout: 8_000 }).toContain("▄▄▄▄▄▄▄");
  become(server, "required");
  await expect.poll(pairing.stdout, { timeout: 8_000 }).toMatch(/http:\/\/server\.example\/passkey\/[\w-]{32}\n/);
  expect(pairing.stderr()).toContain("WhatsApp asks for the passkey of this number: you have 10 minutes");
  await expect.poll(pairing.stderr, { timeout: 8_000 }).toContain("or paste the result here");
  become(server, "waiting_phone");
  await expect.poll(pairing.stderr, { timeout: 8_000 }).toContain("look at the phone");
  become(server, "linking");
  await expect.poll(pairing.stderr, { timeout: 8_000 }).toContain("linking this device");
  server.http.control.connection = connected;
  server.http.news.ring();
  const { code, stdout } = await pairing.ran;
  expect([code, stdout.trimEnd().endsWith("connected as 5511988887777")]).toEqual([0, true]);
});

test("pair: takes the pasted result; what is none is said and asked for again", async () => {
  await using server = await openServer();
  become(server, "required");
  const pairing = server.start(["pair", "--code", "5511988887777", ...main]);
  await expect.poll(pairing.stderr, { timeout: 8_000 }).toContain("or paste the result here");
  pairing.type("{");
  await expect.poll(pairing.stderr, { timeout: 8_000 }).toContain("not the whole result");
  pairing.type('{"id":"AAAA"}');
  await expect.poll(pairing.stderr, { timeout: 8_000 }).toContain("rawId: is required");
  const response = { clientDataJSON: "AA", authenticatorData: "AA", signature: "AA" };
  pairing.type(JSON.stringify({ id: "AAAA", rawId: "AAAA", type: "public-key", response }));
  await expect.poll(() => server.http.calls, { timeout: 8_000 }).toContainEqual(["answerPasskey", expect.anything()]);
  server.http.control.connection = connected;
  expect((await pairing.ran).code).toBe(0);
});

test("pair --passkey: prints the script in place of a link", async () => {
  await using server = await openServer();
  become(server, "required");
  const pairing = server.start(["pair", "--passkey", "--code", "5511988887777", ...main]);
  await expect
    .poll(pairing.stdout, { timeout: 8_000 })
    .toContain('{"challenge":"AbC_-1","rpId":"whatsapp.com"},back=null');
  expect(pairing.stdout()).not.toContain("/passkey/");
  pairing.signal("SIGINT");
  expect((await pairing.ran).code).toBe(130);
});

test.each([
  ["yes", true],
  ["no", false],
])("pair: the codes are compared: %s", async (line, match) => {
  await using server = await openServer();
  become(server, "confirm", "ABCD-1234");
  const pairing = server.start(["pair", "--code", "5511988887777", ...main]);
  await expect.poll(pairing.stdout, { timeout: 8_000 }).toContain("ABCD-1234");
  pairing.type("maybe");
  await expect.poll(pairing.stderr, { timeout: 8_000 }).toContain("answer yes or no");
  pairing.type(line);
  await expect
    .poll(() => server.http.calls, { timeout: 8_000 })
    .toContainEqual(["comparePasskey", expect.objectContaining({ match })]);
  pairing.signal("SIGINT");
  await pairing.ran;
});

test.each([
  ["expired", "in time"],
  ["refused", "refused the passkey"],
  ["silent", "the phone never continued"],
])("pair: says how it failed: %s", async (failure, words) => {
  await using server = await openServer();
  become(server, "required");
  const pairing = server.start(["pair", ...main]);
  await expect.poll(pairing.stdout, { timeout: 8_000 }).toContain("/passkey/");
  server.http.control.passkey = { stage: "none" };
  server.http.control.connection = { state: "unpaired", reason: `passkey_${failure}`, at: t0 };
  server.http.news.ring();
  const { code, stderr } = await pairing.ran;
  expect([code, stderr]).toEqual([5, expect.stringContaining(words)]);
  expect(stderr).toContain("run `wazapi pair` again");
});
