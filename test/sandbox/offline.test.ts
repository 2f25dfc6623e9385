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
    // The bare client asks once.
    await sandbox.control.behaviour({ offlineQueue: "window" });
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
    await sandbox.control.behaviour({ offlineQueue: "credit" });
  });

  it("a few come unasked, then only as many as are asked for; what is live waits for the end", async () => {
    const own = "5511999990004";
    const first = await pairClient(sandbox, { number: own });
    await eventually(() => queued(own)).toBe(0);
    await first[Symbol.asyncDispose]();
    await say(own, "n{n}", 250);
    await using again = connectClient(sandbox, first.auth);
    const came = (): number => again.stanzas("message").length;
    const ask = async (count: number): Promise<void> =>
      again.sock.sendNode({
        tag: "ib",
        attrs: {},
        content: [{ tag: "offline_batch", attrs: { count: String(count) } }],
      });
    // The bare client asks for a hundred by itself.
    await eventually(came).toBe(105);
    await eventually(() => queued(own)).toBe(145);
    await say(own, "live");
    await ask(20);
    await eventually(came).toBe(125);
    await eventually(() => queued(own)).toBe(126);
    await ask(200);
    await eventually(came).toBe(251);
    expect(
      again
        .stanzas("message")
        .map(({ attrs }) => attrs["offline"])
        .lastIndexOf("1"),
    ).toBe(249);
    await eventually(() => again.texts().length).toBe(251);
    expect(again.stanzas("ib").at(-1)?.content).toMatchObject([{ tag: "offline", attrs: { count: "250" } }]);
  });

  it("what it refuses stays first and holds back the rest at later logins, until it is confirmed", async () => {
    const own = "5511999990005";
    const first = await pairClient(sandbox, { number: own });
    await eventually(() => queued(own)).toBe(0);
    const raw = (id: string) => ({ tag: "newthing", attrs: { id, from: `${bob}@s.whatsapp.net` } });
    const ack = (id: string, more = {}) => ({ tag: "ack", attrs: { class: "newthing", id, ...more } });
    await sandbox.control.stanza({ number: own, stanza: raw("A") });
    await first.sock.sendNode(ack("A", { error: "500" }));
    await first[Symbol.asyncDispose]();
    await sandbox.control.stanza({ number: own, stanza: raw("B") });
    await using again = connectClient(sandbox, first.auth);
    await again.opened();
    const came = (): unknown[] => again.stanzas("newthing").map(({ attrs }) => attrs["id"]);
    await eventually(came).toEqual(["A"]);
    await again.sock.sendNode(ack("A", { class: "message" }));
    await again.sock.sendNode(ack("A", { error: "500" }));
    await again.sock.query({ tag: "iq", attrs: { to: "@s.whatsapp.net", type: "get", xmlns: "w:p" } });
    expect(came()).toEqual(["A"]);
    await again.sock.sendNode(ack("A"));
    await eventually(came).toEqual(["A", "B"]);
    await again.sock.sendNode(ack("B"));
    await eventually(() => queued(own)).toBe(0);
  });

  it("what is confirmed too late ends the stream, which names it", async () => {
    const own = "5511999990006";
    await using client = await pairClient(sandbox, { number: own });
    await eventually(() => queued(own)).toBe(0);
    await sandbox.control.behaviour({ unconfirmedMs: 50 });
    await sandbox.control.stanza({
      number: own,
      stanza: { tag: "newthing", attrs: { id: "LATE", from: `${bob}@s.whatsapp.net`, type: "media" } },
    });
    await eventually(() => client.stanzas("stream:error").at(-1)?.content).toMatchObject([
      { tag: "ack", attrs: { class: "newthing", id: "LATE", type: "media" } },
    ]);
    await sandbox.control.behaviour({ unconfirmedMs: 3_000_000 });
  });

  it("a login may stay deaf: it is answered, and gets neither what waits, nor its end, nor what comes live", async () => {
    const own = "5511999990009";
    const first = await pairClient(sandbox, { number: own });
    await eventually(() => queued(own)).toBe(0);
    await first[Symbol.asyncDispose]();
    await say(own, "waits");
    await sandbox.control.addFault({ type: "deaf", match: { number: own } });
    await using again = connectClient(sandbox, first.auth);
    await again.until(({ connection }) => connection === "open");
    await say(own, "live");
    const ping = { tag: "iq", attrs: { xmlns: "w:p", type: "get", to: "@s.whatsapp.net" } };
    await again.sock.query(ping, 5_000);
    await again.sock.sendNode({ tag: "ib", attrs: {}, content: [{ tag: "offline_batch", attrs: { count: "100" } }] });
    await again.sock.query(ping, 5_000);
    expect([
      again.texts(),
      again.stanzas("ib").filter(({ content }) => JSON.stringify(content).includes("offline")),
    ]).toEqual([[], []]);
    expect(queued(own)).toBe(2);
    await again[Symbol.asyncDispose]();
    await using next = connectClient(sandbox, first.auth);
    await eventually(() => next.texts()).toEqual(["waits", "live"]);
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

  it("confirm: a receipt only where it goes to whom the message came from", () => {
    const from = "5511888880002@s.whatsapp.net";
    const group = "120363000000000001@g.us";
    const queue = createStanzaQueue([
      stanza("message", { id: "A", from }),
      stanza("message", { id: "B", from: group, participant: from }),
    ]);
    const confirm = (id: string, to?: string, participant?: string) =>
      queue.confirm({ tag: "message", id, isAck: false, addressee: { to, participant } })?.seq;
    expect([confirm("A"), confirm("A", group), confirm("B", group), confirm("B", from, from)]).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
    expect([confirm("A", from), confirm("B", group, from)]).toEqual([1, 2]);
  });

  it("spend: a receipt always confirms", () => {
    const queue = createStanzaQueue([message("A")]);
    queue.spend("A");
    queue.push(message("A"));
    expect(queue.confirm({ tag: "message", id: "A", isAck: false })?.seq).toBe(2);
  });
});
