import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openTestSandbox } from "../../support/sandbox.ts";
import { connectClient, pairClient, type Client } from "../baileys.ts";
import { eventually } from "../eventually.ts";

const own = "5511999990301";
const [installed, stale] = ["5511888880301", "5511888880302"];

/** The keys that the server has of a phone. */
async function keysOf({ sock }: Client): Promise<string> {
  const user = { tag: "user", attrs: { jid: `${installed}@s.whatsapp.net` } };
  const attrs = { xmlns: "encrypt", type: "get", to: "@s.whatsapp.net" };
  const answer = await sock.query({ tag: "iq", attrs, content: [{ tag: "key", attrs: {}, content: [user] }] });
  return /"tag":"identity".*?"data":\[([\d,]+)\]/.exec(JSON.stringify(answer))?.[1] ?? "";
}

const devicesOf = async ({ sock }: Client) =>
  (await sock.getUSyncDevices([`${stale}@s.whatsapp.net`], false, false)).map(({ device }) => device ?? 0);

it("after a restart a new installation has its new keys, a gone device is gone, and a locked account is locked", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sandbox-test-"));
  const statePath = join(directory, "state.json");
  const before = await openTestSandbox({ statePath });
  const first = await pairClient(before, { number: own, name: "Own" });
  await before.control.addContact({ number: installed });
  await before.control.addContact({ number: stale, devices: 3 });
  const { id: group } = await before.control.createGroup({ subject: "G", participants: [own, installed] });
  const old = await keysOf(first);
  await before.control.reinstall({ number: installed });
  await before.control.staleDevice({ number: stale, device: 1, shown: "unsigned" });
  await before.control.staleDevice({ number: stale, device: 2 });
  const fresh = await keysOf(first);
  expect(fresh).not.toBe(old);
  await first[Symbol.asyncDispose]();
  await before[Symbol.asyncDispose]();

  const after = await openTestSandbox({ statePath }, { wire: "any" });
  const second = connectClient(after, first.auth);
  await second.opened();
  expect(await keysOf(second)).toBe(fresh);
  expect(await devicesOf(second)).toEqual([0, 1]);
  await after.control.behaviour({ groupThrottle: 1 });
  await second.sock.sendMessage(group, { text: "once" }, { messageId: "3EB0TWICE" });
  await second.sock.sendMessage(group, { text: "once" }, { messageId: "3EB0TWICE" });
  expect(await second.closed()).toBe(403);
  await second[Symbol.asyncDispose]();
  await eventually(() => after.control.state().devices[0]?.online).toBe(false);
  await after[Symbol.asyncDispose]();

  await using last = await openTestSandbox({ statePath });
  await using third = connectClient(last, first.auth);
  expect(await third.closed()).toBe(403);
  await rm(directory, { recursive: true });
});
