import { expect, test } from "vitest";

import { known, t0 } from "../http/support.ts";
import { openServer } from "./support.ts";

const main = ["--instance", "main"];
const connected = { state: "connected", at: t0, phone: "5511988887777" } as const;
const qrText = "2@ref,key,identity,secret";

test("pair: draws the QR on a terminal, takes it away, and ends when the phone is linked", async () => {
  await using server = await openServer();
  const pairing = server.start(["pair", ...main], { terminal: { columns: 120, rows: 60 } });
  await expect.poll(pairing.stdout).toContain("▄▄▄▄▄▄▄");
  const lines = pairing.stdout().trimEnd().split("\n").length;
  server.http.control.connection = connected;
  server.http.news.ring();
  const { code, stdout } = await pairing.ran;
  expect(code).toBe(0);
  // The cursor goes up over the drawing and clears what is below.
  expect(stdout).toContain(`\u001B[${lines}A\u001B[J`);
  expect(stdout.trimEnd().endsWith("connected as 5511988887777")).toBe(true);
  expect(stdout).not.toContain(qrText);
});

test("pair: says so when the window is too narrow for the QR", async () => {
  await using server = await openServer();
  const pairing = server.start(["pair", ...main], { terminal: { columns: 20, rows: 60 } });
  await expect.poll(pairing.stderr).toContain("columns and the window has 20");
  pairing.signal("SIGINT");
  expect((await pairing.ran).code).toBe(130);
});

test("pair: prints the text of the QR for programs, once", async () => {
  await using server = await openServer();
  const pairing = server.start(["pair", ...main]);
  await expect.poll(pairing.stdout).toBe(`${qrText}\n`);
  server.http.control.connection = connected;
  server.http.news.ring();
  expect(await pairing.ran).toMatchObject({ code: 0, stdout: `${qrText}\nconnected as 5511988887777\n` });
});

test("pair --code: prints the code and waits for the phone", async () => {
  await using server = await openServer();
  server.http.control.connection = { state: "pairing", reason: "code_waiting", at: t0 };
  const pairing = server.start(["pair", "--code", "+55 11 98888-7777", ...main]);
  await expect.poll(pairing.stdout).toBe("ABCD1234\n");
  expect(server.http.calls).toEqual([["pairingCode", "5511988887777", undefined]]);
  server.http.control.connection = connected;
  server.http.news.ring();
  expect((await pairing.ran).code).toBe(0);
});

test("pair: a linked instance is left alone; one that is away is connected again", async () => {
  await using server = await openServer();
  server.http.control.connection = connected;
  expect(await server.run(["pair", ...main])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("linked already"),
  });
  server.http.control.connection = { ...connected, state: "disconnected" };
  const pairing = server.start(["pair", ...main]);
  await expect.poll(() => server.http.calls).toEqual([["start", known.instanceId]]);
  server.http.control.connection = connected;
  expect((await pairing.ran).code).toBe(0);
});

test("pair: gives up in time", async () => {
  await using server = await openServer();
  const { code, stderr } = await server.run(["pair", "--timeout", "0.3", ...main]);
  expect([code, stderr]).toEqual([6, expect.stringContaining("no phone was linked in time (run `wazapi pair` again)")]);
});

test("pair: several instances have to be told apart, and none is made beside them", async () => {
  await using server = await openServer();
  expect(await server.run(["pair"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--instance: main, other"),
  });
  expect(await server.run(["pair", "--instance", "third"])).toMatchObject({ code: 3 });
});
