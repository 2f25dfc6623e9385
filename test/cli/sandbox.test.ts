import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Sandbox } from "#sandbox/sandbox.ts";

import { pairClient, type Client } from "../sandbox/baileys.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { run } from "./support.ts";

const own = "5511999990000";
const contact = "5511988887777";

describe("the commands of the sandbox, on one that runs alone", () => {
  let sandbox: Sandbox;
  let client: Client;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    client = await pairClient(sandbox, { number: own });
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await sandbox[Symbol.asyncDispose]();
  });

  const call = (...argv: readonly string[]) => run(["sandbox", ...argv], { env: { WAZAPI_SANDBOX_URL: sandbox.url } });
  const json = async (...argv: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await call(...argv, "--json");
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  test("contact: adds a person, and says when it is not on WhatsApp", async () => {
    expect(await json("contact", contact, "--name", "Ana", "--devices", "2")).toMatchObject({
      name: "Ana",
      devices: 2,
    });
    expect(await json("contact", "5511900000000", "--absent")).toMatchObject({ onWhatsApp: false });
  });

  test("send: the only linked phone is the recipient, and {n} counts", async () => {
    expect(await json("send", contact, "message {n}", "--count", "3")).toMatchObject({ messageIds: { length: 3 } });
    await expect.poll(() => client.texts(), { timeout: 8_000 }).toEqual(["message 1", "message 2", "message 3"]);
  });

  test("contact --hosted, send --hosted: a provider's device writes, until it is gone", async () => {
    const company = "5511977770001";
    expect(await json("contact", company, "--hosted")).toMatchObject({ hosted: true, devices: 1 });
    await json("send", company, "from the provider", "--hosted");
    await expect.poll(() => client.texts().at(-1), { timeout: 8_000 }).toBe("from the provider");
    expect(client.stanzas("message").at(-1)?.attrs["from"]).toBe(`${company}:99@hosted`);
    expect(await json("contact", company, "--name", "Shop")).toMatchObject({ hosted: true });
    expect(await json("contact", company, "--no-hosted")).not.toHaveProperty("hosted");
    expect((await call("send", company, "again", "--hosted")).stderr).toContain("no provider runs a device");
  });

  test("inbox: what the contact decrypted, as a table and as JSON", async () => {
    await client.sock.sendMessage(`${contact}@s.whatsapp.net`, { text: "for the inbox" });
    expect(await json("inbox", contact, "--wait", "8")).toMatchObject([{ text: "for the inbox", from: own }]);
    expect((await call("inbox", contact)).stdout).toContain("for the inbox");
    expect(await json("inbox", contact, "--since", "1")).toEqual([]);
  });

  test("typing, call: reach the linked phone's companion", async () => {
    expect((await call("typing", contact)).code).toBe(0);
    expect((await call("call", contact, "--video", "--missed")).code).toBe(0);
    await expect.poll(() => client.stanzas("call").length, { timeout: 8_000 }).toBeGreaterThan(0);
  });

  test("retry, reinstall, stale: what phones ask for, and what becomes of devices", async () => {
    const id = "3EB0NEVERSENT";
    expect(await json("retry", contact, id, "--chat", own, "--count", "2")).toEqual({ count: 2 });
    const asked = () => client.stanzas("receipt").some(({ attrs }) => attrs["id"] === id);
    await expect.poll(asked, { timeout: 8_000 }).toBe(true);
    expect(await json("stale", contact, "1")).toMatchObject({ device: 1, shown: "gone" });
    expect((await call("stale", contact, "1")).code).not.toBe(0);
    expect(await json("reinstall", contact)).toEqual({ told: 1 });
  });

  test("fault: is listed until it is mended; what it cannot be narrowed by is refused", async () => {
    expect(await json("fault", "ack-drop", "--times", "2", "--number", own)).toMatchObject([
      { type: "ack-drop", times: 2 },
    ]);
    expect((await call("fault")).stdout).toContain("ack-drop");
    expect(await json("fault", "--clear")).toEqual([]);
    expect((await call("fault", "download-fail", "--number", own)).code).toBe(2);
    expect((await call("fault", "ack-drop", "--clear")).stderr).toContain("say either a fault or --clear");
  });

  test("behave, trace, state: show the world", async () => {
    expect(await json("behave", "--receipt-delay", "7")).toMatchObject({ receiptDelayMs: 7 });
    for (const wrong of ["", "many", "-1"]) {
      expect((await call("behave", "--set", `groupThrottle=${wrong}`)).stderr).toContain(
        "groupThrottle is a whole number",
      );
    }
    expect(await json("trace", "--limit", "5")).toMatchObject({ unhandled: [] });
    expect((await call("trace")).stdout).toContain("message");
    expect(await json("state")).toMatchObject({ devices: [{ number: own, online: true }] });
    expect((await call("state")).stdout).toContain(own);
  });

  test("migrate: the account's chats move to LIDs, and back", async () => {
    expect((await call("migrate", own)).stdout).toContain("LIDs");
    expect((await call("migrate", own, "--back")).stdout).toContain("numbers");
    expect(await json("state")).toMatchObject({ devices: [{ number: own, lidMigrated: false }] });
  });

  test("unlink, reset: end what was linked", async () => {
    expect((await call("unlink", own)).code).toBe(0);
    expect(await client.closed()).toBe(401);
    expect((await call("reset")).code).toBe(0);
    expect(await json("state")).toMatchObject({ devices: [], contacts: [] });
    expect(await call("scan")).toMatchObject({ code: 6, stderr: expect.stringContaining("no server runs") });
  });
});

test("sandbox: without one, the command says where it looked", async () => {
  const ran = await run(["sandbox", "state"], { env: { WAZAPI_SANDBOX_URL: "http://127.0.0.1:9" } });
  expect(ran.code).toBe(6);
});
