import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { type EngineRig, openEngineRig } from "./engine-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterEach(() => sandbox.control.clearFaults());

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 30_000, interval: 10 };

const enqueue = async (rig: EngineRig, phone: string, text: string): Promise<string> => {
  const outgoing = { to: `${phone}@s.whatsapp.net`, content: { kind: "text" as const, text }, options: {} };
  return (await rig.engine().http.sendQueue.enqueue({ instanceId: rig.instanceId, outgoing })).messageId;
};
const textsOf = async (rig: EngineRig, number: string): Promise<readonly string[]> =>
  (await sandbox.control.inbox({ number }, rig.signal)).map(({ messageId }) => messageId);
/** How many messages to this person reached the server. */
const triesTo = (lid: string, number: string): number =>
  sandbox.control
    .trace()
    .stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.startsWith("<message"))
    .filter(({ stanza }) => stanza.includes(`to="${lid}@lid"`) || stanza.includes(`to="${number}@s.whatsapp.net"`))
    .length;
const refusedOf = (rig: EngineRig) =>
  sandbox.control.trace().refusals.filter(({ kind, detail }) => kind === "reach-out" && detail.startsWith(rig.number));

/** Somebody who never wrote to the account of this rig. */
async function strangerOf(rig: EngineRig): Promise<{ readonly number: string; readonly lid: string }> {
  return await sandbox.control.addContact({ number: rig.contact.replace(/^552/, "553"), name: "Stranger" });
}

/** The contact of the rig has written, and that is stored. */
async function oldChat(rig: EngineRig): Promise<void> {
  const ids = await rig.receive("hello");
  await expect.poll(() => rig.delivered(), wait).toEqual(ids);
}

it("new chats locked: a stranger's messages wait, an old chat's and a group's leave at once; the end lets all go in order", async () => {
  await using rig = await openEngineRig(sandbox);
  await oldChat(rig);
  const { number, lid } = await strangerOf(rig);
  const group = await sandbox.control.createGroup({ subject: "G", participants: [rig.number, rig.contact] });
  await sandbox.control.restrict({ number: rig.number, seconds: 3_600 });
  // The first is refused once (the notice of the lock may be on its way yet), and never again.
  const [first, second] = [await enqueue(rig, number, "first"), await enqueue(rig, number, "second")];
  const old = await enqueue(rig, rig.contact, "to an old chat");
  const toGroup = { to: group.id, content: { kind: "text" as const, text: "to a group" }, options: {} };
  const { messageId } = await rig.engine().http.sendQueue.enqueue({ instanceId: rig.instanceId, outgoing: toGroup });
  await expect.poll(() => textsOf(rig, rig.contact), wait).toEqual(expect.arrayContaining([old, messageId]));
  const held = async () =>
    (await rig.inner.queue.list({ instanceId: rig.instanceId, states: ["queued"], limit: 9 })).map(
      (row) => row.waitsFor,
    );
  await expect.poll(held, wait).toEqual(["restriction", undefined]);
  const [row] = await rig.inner.queue.list({ instanceId: rig.instanceId, states: ["queued"], limit: 1 });
  expect(row).toMatchObject({ messageId: first, attempts: 0 });
  expect(row?.lastError).toMatch(/^send_restricted: .* until \d{4}-/);
  const view = await rig.engine().http.sessions.view(rig.instanceId);
  expect(view.newChats?.lock).toMatchObject({ kind: "WEB_COMPANION_ONLY" });

  // Another process knows it from the first moment on.
  await rig.restart();
  await rig.opened();
  expect((await rig.engine().http.sessions.view(rig.instanceId)).newChats?.lock?.until).toBe(
    view.newChats?.lock?.until,
  );
  const third = await enqueue(rig, number, "third");
  const again = await enqueue(rig, rig.contact, "again");
  await expect.poll(() => textsOf(rig, rig.contact), wait).toContain(again);
  expect(await textsOf(rig, number)).toEqual([]);
  expect(triesTo(lid, number)).toBeLessThanOrEqual(1);

  await sandbox.control.release({ number: rig.number });
  await expect.poll(() => textsOf(rig, number), wait).toEqual([first, second, third]);
  expect(refusedOf(rig)).toEqual([]);
});

it("whoever writes while new chats are locked is answered at once: what waited for them leaves, what is for others stays", async () => {
  await using rig = await openEngineRig(sandbox);
  await oldChat(rig);
  const { number } = await strangerOf(rig);
  const other = await sandbox.control.addContact({ number: number.replace(/^553/, "554"), name: "Other" });
  await sandbox.control.restrict({ number: rig.number, seconds: 3_600 });
  const [first, toOther] = [await enqueue(rig, number, "first"), await enqueue(rig, other.number, "to another")];
  const held = async () =>
    (await rig.inner.queue.list({ instanceId: rig.instanceId, states: ["queued"], limit: 9 })).map(
      ({ messageId, waitsFor }) => [messageId, waitsFor],
    );
  await expect.poll(held, wait).toEqual([
    [first, "restriction"],
    [toOther, "restriction"],
  ]);
  await sandbox.control.contactSend({ number, to: rig.number, content: { text: "who are you?" } }, rig.signal);
  await expect.poll(() => textsOf(rig, number), wait).toEqual([first]);
  await expect.poll(held, wait).toEqual([[toOther, "restriction"]]);
  expect(refusedOf(rig)).toEqual([]);
});

it("a lock that gets another end: what waits says the new end, and is not tried meanwhile", async () => {
  await using rig = await openEngineRig(sandbox);
  await oldChat(rig);
  const { number, lid } = await strangerOf(rig);
  const soon = Math.ceil(Date.now() / 1000) * 1000 + 60_000;
  await sandbox.control.restrict({ number: rig.number, until: soon });
  const messageId = await enqueue(rig, number, "waits");
  const row = () => rig.inner.queue.byMessageId({ instanceId: rig.instanceId, messageId });
  const endOf = (until: number) => expect.stringContaining(` until ${new Date(until).toISOString()}`);
  await expect.poll(row, wait).toMatchObject({ waitsFor: "restriction", lastError: endOf(soon) });
  const tries = triesTo(lid, number);
  const later = soon + 540_000;
  await sandbox.control.restrict({ number: rig.number, until: later, kind: "BIZ_QUALITY" });
  await expect.poll(row, wait).toMatchObject({ waitsFor: "restriction", attempts: 0, lastError: endOf(later) });
  expect((await row())!.dueAt).toBeGreaterThanOrEqual(later);
  expect(triesTo(lid, number)).toBe(tries);
});

it("a lock is told to the hook that is set for it alone: begin, end and nothing twice, over a crash as well", async () => {
  const hooks = (url: string) => ({ newChats: url, received: `${url}/received`, connected: `${url}/connected` });
  await using rig = await openEngineRig(sandbox, { hooks });
  await oldChat(rig);
  const told = () =>
    rig.receiver.taken
      .map(({ body, path }) => ({ path, ...(JSON.parse(body) as { readonly type?: string }) }))
      .filter(({ type }) => type === "NewChatsCallback");
  const until = Math.ceil(Date.now() / 1000) * 1000 + 3_600_000;
  await sandbox.control.restrict({ number: rig.number, until, kind: "BIZ_QUALITY" });
  const locked = { type: "NewChatsCallback", status: "LOCKED", kind: "BIZ_QUALITY", until, path: "/hook" };
  await expect.poll(told, wait).toMatchObject([locked]);
  await rig.restart("cut");
  await rig.opened();
  await sandbox.control.release({ number: rig.number });
  await expect.poll(told, wait).toMatchObject([locked, { status: "OPEN", path: "/hook" }]);
  expect(told()[1]).not.toHaveProperty("until");
});

it("refused without a lock: the same person is left alone for a minute, however short the queue's own wait; others leave", async () => {
  await using rig = await openEngineRig(sandbox);
  await oldChat(rig);
  const { number } = await strangerOf(rig);
  const { instanceId } = rig;
  await sandbox.control.addFault({ type: "ack-error", match: { number: rig.number }, code: 475 });
  const refused = await enqueue(rig, number, "refused");
  const row = () => rig.inner.queue.byMessageId({ instanceId, messageId: refused });
  await expect.poll(async () => (await row())?.lastError, wait).toContain("send_restricted");
  await expect.poll(async () => (await row())!.dueAt - (await row())!.createdAt, wait).toBeGreaterThan(59_000);
  expect(await row()).toMatchObject({ state: "queued", attempts: 1 });
  const other = await enqueue(rig, rig.contact, "to somebody else");
  await expect.poll(() => textsOf(rig, rig.contact), wait).toEqual([other]);
});

it("a group while the account is restricted: under a lock of new chats it leaves; too much at once is said as what it is", async () => {
  await using rig = await openEngineRig(sandbox);
  await oldChat(rig);
  const { instanceId } = rig;
  const group = await sandbox.control.createGroup({ subject: "G", participants: [rig.number, rig.contact] });
  const toGroup = async (text: string): Promise<string> => {
    const outgoing = { to: group.id, content: { kind: "text" as const, text }, options: {} };
    return (await rig.engine().http.sendQueue.enqueue({ instanceId, outgoing })).messageId;
  };
  const row = (messageId: string) => rig.inner.queue.byMessageId({ instanceId, messageId });
  await sandbox.control.restrict({ number: rig.number });
  const first = await toGroup("under a lock");
  await expect.poll(() => textsOf(rig, rig.contact), wait).toContain(first);
  await sandbox.control.release({ number: rig.number });

  await sandbox.control.addFault({ type: "ack-error", match: { number: rig.number }, code: 429 });
  const second = await toGroup("too much");
  await expect
    .poll(async () => (await row(second))?.lastError, wait)
    .toBe("send_restricted: WhatsApp restricts what this account sends for a while");
  // Another try, without a limit of new chats that it could wait for.
  const refused = (await row(second))!;
  expect(refused).toMatchObject({ state: "queued", attempts: 1 });
  expect(refused).not.toHaveProperty("waitsFor");
  expect(refused.dueAt).toBeGreaterThan(refused.updatedAt);
});

it("quota of new chats used up: the next stranger waits for the end of the cycle, and status says how much is used", async () => {
  await using rig = await openEngineRig(sandbox);
  await oldChat(rig);
  const { number } = await strangerOf(rig);
  const another = await sandbox.control.addContact({ number: number.replace(/^553/, "554"), name: "Another" });
  await sandbox.control.newChats({ number: rig.number, total: 1, cycleSeconds: 3_600 });
  const first = await enqueue(rig, number, "first");
  await expect.poll(() => textsOf(rig, number), wait).toEqual([first]);
  const quota = async () => (await rig.engine().http.sessions.view(rig.instanceId)).newChats?.quota;
  await expect.poll(quota, wait).toMatchObject({ total: 1, used: 1, status: "CAPPED" });
  const second = await enqueue(rig, another.number, "second");
  const row = async () => rig.inner.queue.byMessageId({ instanceId: rig.instanceId, messageId: second });
  await expect.poll(async () => (await row())?.waitsFor, wait).toBe("restriction");
  const again = await enqueue(rig, rig.contact, "an old chat");
  await expect.poll(() => textsOf(rig, rig.contact), wait).toEqual([again]);
  await sandbox.control.newChats({ number: rig.number, total: 5, used: 1, cycleSeconds: 3_600 });
  await expect.poll(() => textsOf(rig, another.number), wait).toEqual([second]);
  expect(refusedOf(rig)).toEqual([]);
});
