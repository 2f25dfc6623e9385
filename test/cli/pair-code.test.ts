import { expect, test } from "vitest";

import { t0 } from "../http/support.ts";
import { openServer } from "./support.ts";

const argv = ["pair", "--code", "5511988887777", "--instance", "main"];
const waiting = { state: "pairing", reason: "code_waiting", at: t0 } as const;
const connected = { state: "connected", at: t0, phone: "5511988887777" } as const;

test.each([
  ["code_expired", "WhatsApp takes this code no more"],
  ["code_unconfirmed", "the phone did not confirm it"],
  ["restart", "the connection has ended"],
])("pair --code: when the code is over (%s) it says so and asks for the next one", async (reason, sentence) => {
  await using server = await openServer();
  server.http.control.connection = waiting;
  const pairing = server.start(argv);
  await expect.poll(pairing.stdout).toBe("ABCD1234\n");
  server.http.control.connection = { ...waiting, reason };
  await expect.poll(pairing.stderr, { timeout: 5_000 }).toContain(sentence);
  await expect.poll(() => server.http.calls.length).toBe(2);
  server.http.control.connection = connected;
  server.http.news.ring();
  expect(await pairing.ran).toMatchObject({ code: 0, stdout: "ABCD1234\nABCD1234\nconnected as 5511988887777\n" });
});

test("pair --code: a code that is over before anybody looked is over all the same", async () => {
  await using server = await openServer();
  server.http.control.connection = { ...waiting, reason: "code_expired" };
  const pairing = server.start(argv);
  await expect.poll(pairing.stderr).toContain("WhatsApp takes this code no more");
  server.http.control.connection = connected;
  server.http.news.ring();
  expect((await pairing.ran).code).toBe(0);
});

test("pair --code: after a wrong code the one that is shown still works", async () => {
  await using server = await openServer();
  server.http.control.connection = waiting;
  const pairing = server.start(argv);
  await expect.poll(pairing.stdout).toBe("ABCD1234\n");
  server.http.control.connection = { ...waiting, reason: "code_wrong" };
  await expect.poll(pairing.stderr, { timeout: 5_000 }).toContain("another code was typed on the phone");
  server.http.control.connection = { state: "connecting", reason: "restart_required", at: t0 };
  server.http.news.ring();
  server.http.control.connection = connected;
  server.http.news.ring();
  expect((await pairing.ran).code).toBe(0);
  expect(server.http.calls).toHaveLength(1);
});
