import { afterAll, beforeAll, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "../whatsapp/session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

const inboxOf = (rig: SessionRig) => sandbox.control.inbox({ number: rig.contact }, rig.signal);
const decryptErrors = (rig: SessionRig) => sandbox.control.trace().decryptErrors.filter((e) => e.from === rig.number);

/** Commits that move a ratchet. */
const movesRatchet = ({ keys }: { readonly keys?: readonly { readonly type: string }[] }): boolean =>
  keys?.some(({ type }) => type === "session" || type === "sender-key") ?? false;

it("a message leaves only when its ratchet is stored", async () => {
  await using rig = await openSessionRig(sandbox);
  await rig.pair();
  await rig.sendText("3EB0RATCHET01", "first");
  const { promise: letGo, resolve } = Promise.withResolvers<void>();
  let held = 0;
  rig.authStore.before = async (change) => {
    if (!movesRatchet(change)) return;
    held += 1;
    await letGo;
  };
  const sending = rig.sendText("3EB0RATCHET02", "second");
  await expect.poll(() => held, wait).toBeGreaterThan(0);
  // A question and its answer would have come behind a message that did leave.
  await rig.sessions.profile(rig.instanceId);
  const arrived = (await inboxOf(rig)).map(({ messageId }) => messageId);
  resolve();
  expect(arrived).toEqual(["3EB0RATCHET01"]);
  expect(await sending).toMatchObject({ outcome: "acked" });
  // The transaction around it has nothing left to write.
  expect(held).toBeLessThanOrEqual(2);
});

it("a ratchet that cannot be stored: nothing leaves, and the same id is read by the contact later", async () => {
  await using rig = await openSessionRig(sandbox);
  await rig.pair();
  await rig.sendText("3EB0RATCHET11", "first");
  rig.authStore.fail = (change) => (movesRatchet(change) ? new WazapiError("storage") : undefined);
  expect(await rig.sendText("3EB0RATCHET12", "second")).toMatchObject({ outcome: "unknown" });
  expect((await inboxOf(rig)).map(({ messageId }) => messageId)).toEqual(["3EB0RATCHET11"]);
  rig.authStore.fail = () => undefined;
  await rig.opened();
  expect(await rig.sendText("3EB0RATCHET12", "second")).toMatchObject({ outcome: "acked" });
  expect(await rig.sendText("3EB0RATCHET13", "third")).toMatchObject({ outcome: "acked" });
  await expect.poll(async () => (await inboxOf(rig)).length, wait).toBe(3);
  expect(decryptErrors(rig)).toEqual([]);
});

it("a group's sender key is stored before its first message leaves", async () => {
  await using rig = await openSessionRig(sandbox);
  await rig.pair();
  const { id } = await sandbox.control.createGroup({ subject: "g", participants: [rig.number, rig.contact] });
  const stored: string[] = [];
  rig.authStore.before = async (change) => {
    if (!movesRatchet(change)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
    const arrived = (await inboxOf(rig)).length;
    stored.push(...(change.keys ?? []).map(({ type }) => `${type} ${arrived}`));
  };
  expect(await rig.sendText("3EB0RATCHET21", "all", { to: id })).toMatchObject({ outcome: "acked" });
  expect(new Set(stored)).toEqual(new Set(["session 0", "sender-key 0"]));
});

it("a session that cannot be read is no missing session: nothing leaves without the contact's part", async () => {
  await using rig = await openSessionRig(sandbox, { maxCachedKeys: 1 });
  await rig.pair();
  await rig.sendText("3EB0RATCHET31", "first");
  await expect.poll(async () => (await inboxOf(rig)).length, wait).toBe(1);
  let failures = 3;
  rig.authStore.getKeys = async (input) => {
    if (input.type === "session" && failures-- > 0) throw new WazapiError("storage");
    return await rig.store.authState.getKeys(input);
  };
  expect(await rig.sendText("3EB0RATCHET32", "second")).toMatchObject({ outcome: "unknown", kind: "disconnected" });
  await rig.opened();
  expect(await rig.sendText("3EB0RATCHET32", "second")).toMatchObject({ outcome: "acked" });
  await expect
    .poll(async () => (await inboxOf(rig)).map(({ messageId }) => messageId), wait)
    .toEqual(["3EB0RATCHET31", "3EB0RATCHET32"]);
  expect(decryptErrors(rig)).toEqual([]);
});

it("a commit of ours that fails is not counted as a message that could not be decrypted", async () => {
  let undecrypted = 0;
  await using rig = await openSessionRig(sandbox, {}, { decryptFailed: () => (undecrypted += 1) });
  await rig.pair();
  let failures = 3;
  rig.authStore.fail = ({ journal }) => (journal && failures-- > 0 ? new WazapiError("storage") : undefined);
  await sandbox.control.contactSend({ number: rig.contact, to: rig.number, content: { text: "hi" } }, rig.signal);
  await expect.poll(rig.texts, wait).toEqual(["hi"]);
  expect(undecrypted).toBe(0);
  await sandbox.control.contactSend(
    { number: rig.contact, to: rig.number, content: { text: "damaged" }, corrupt: true },
    rig.signal,
  );
  await expect.poll(() => undecrypted, wait).toBe(1);
});
