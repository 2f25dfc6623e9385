import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { createStanzaQueue } from "#sandbox/stanza-queue.ts";
import { stanza } from "#sandbox/wire/stanza.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, pairClient } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const bob = "5511888880002";
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await sandbox[Symbol.asyncDispose]();
});

const queued = (own: string) => sandbox.control.state().devices.find(({ number }) => number === own)?.queued;
const say = async (own: string, text: string, count?: number) =>
  sandbox.control.contactSend(
    { number: bob, to: own, content: { text }, ...(count !== undefined && { count }) },
    signal,
  );

describe("what comes while the client is away", () => {
  it("waits, is announced, comes in order and marked, and is confirmed", async () => {
    const own = "5511999990001";
    const first = await pairClient(sandbox, { number: own });
    await eventually(() => queued(own)).toBe(0);
    await first.sock.sendMessage(`${bob}@s.whatsapp.net`, { text: "bye" });
    await eventually(async () => (await sandbox.control.inbox({ number: bob }, signal)).length).toBe(1);
    await first[Symbol.asyncDispose]();
    await eventually(() => sandbox.control.state().devices[0]?.online).toBe(false);
    await say(own, "n{n}", 5);
    const { messageId } = (await sandbox.control.inbox({ number: bob }, signal))[0]!;
    await sandbox.control.receipt({ number: bob, messageIds: [messageId], type: "read" });
    await sandbox.control.call({ number: bob, to: own });
    await eventually(() => queued(own)).toBeGreaterThanOrEqual(7);
    await using again = connectClient(sandbox, first.auth);
    await eventually(() => again.texts()).toEqual(["n1", "n2", "n3", "n4", "n5"]);
    await eventually(() => queued(own)).toBe(0);
    const [preview, end] = again.stanzas("ib").map(({ content }) => (content as { tag: string; attrs: object }[])[0]);
    expect(preview).toMatchObject({ tag: "offline_preview", attrs: { message: "5", call: "1" } });
    expect(end).toMatchObject({ tag: "offline" });
    expect(again.stanzas("message").every(({ attrs }) => attrs["offline"] === "1")).toBe(true);
    await say(own, "live");
    await eventually(() => again.texts().at(-1)).toBe("live");
    expect(again.stanzas("message").at(-1)?.attrs["offline"]).toBeUndefined();
  });

  it("more than a batch, and what comes meanwhile stays behind it", async () => {
    const own = "5511999990002";
    const first = await pairClient(sandbox, { number: own });
    await eventually(() => queued(own)).toBe(0);
    await first[Symbol.asyncDispose]();
    await say(own, "n{n}", 250);
    await using again = connectClient(sandbox, first.auth);
    await eventually(() => again.stanzas("message").length).toBeGreaterThan(0);
    await say(own, "meanwhile");
    await eventually(() => again.texts().length).toBe(251);
    // Baileys takes live messages while it is still busy with the backlog; the server keeps them behind it.
    const marks = again.stanzas("message").map(({ attrs }) => attrs["offline"]);
    expect(marks).toEqual([...Array.from({ length: 250 }, () => "1"), undefined]);
    const backlog = again.texts().filter((text) => text !== "meanwhile");
    expect(backlog).toEqual(Array.from({ length: 250 }, (_, at) => `n${at + 1}`));
    await eventually(() => queued(own)).toBe(0);
  });

  it("what a client got and did not confirm comes again", async () => {
    const own = "5511999990003";
    const first = await pairClient(sandbox, { number: own });
    await eventually(() => queued(own)).toBe(0);
    await sandbox.control.addFault({ type: "silent", match: { number: own } });
    await say(own, "unconfirmed");
    expect(queued(own)).toBe(1);
    await first[Symbol.asyncDispose]();
    await using again = connectClient(sandbox, first.auth);
    await eventually(() => again.texts()).toEqual(["unconfirmed"]);
    await eventually(() => queued(own)).toBe(0);
  });
});

describe("stanza queue", () => {
  const message = (id: string) => stanza("message", { id });
  const receipt = (id: string, attrs: { type?: string; participant?: string } = {}) =>
    stanza("receipt", { id, ...attrs });
  const ids = (queue: ReturnType<typeof createStanzaQueue>) => queue.list().map(({ node }) => node.attrs["id"]);

  it("confirm: by a receipt or an ack, whichever comes, the oldest with that id", () => {
    const queue = createStanzaQueue([message("A"), message("B"), message("A")]);
    expect(queue.confirm({ tag: "message", id: "A", isAck: false })?.seq).toBe(1);
    expect(queue.confirm({ tag: "message", id: "B", isAck: true })?.seq).toBe(2);
    expect(queue.confirm({ tag: "message", id: "B", isAck: false })).toBeUndefined();
    expect(ids(queue)).toEqual(["A"]);
  });

  it("confirm: receipts with one id are told apart by type and participant", () => {
    const queue = createStanzaQueue([receipt("A"), receipt("A", { type: "read" }), receipt("A", { participant: "x" })]);
    expect(queue.confirm({ tag: "receipt", id: "A", isAck: true, type: "read" })?.seq).toBe(2);
    expect(queue.confirm({ tag: "receipt", id: "A", isAck: true, participant: "x" })?.seq).toBe(3);
    expect(queue.confirm({ tag: "receipt", id: "A", isAck: true })?.seq).toBe(1);
    expect(queue.size).toBe(0);
  });

  it("spend: the ack that belongs to the request does not confirm the message that was sent again", () => {
    const queue = createStanzaQueue([message("A")]);
    expect(queue.spend("A")).toHaveLength(1);
    queue.push(message("A"));
    expect(queue.confirm({ tag: "message", id: "A", isAck: true })).toBeUndefined();
    expect(queue.size).toBe(1);
    expect(queue.confirm({ tag: "message", id: "A", isAck: true })?.seq).toBe(2);
  });

  it("spend: a receipt always confirms", () => {
    const queue = createStanzaQueue([message("A")]);
    queue.spend("A");
    queue.push(message("A"));
    expect(queue.confirm({ tag: "message", id: "A", isAck: false })?.seq).toBe(2);
  });
});
