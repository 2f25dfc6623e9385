import { randomBytes } from "node:crypto";
import type { WAMessage } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CapturedMessage } from "#domain/captured.ts";
import { WazapiError } from "#domain/errors.ts";
import { type Log, silentLog } from "#lib/log.ts";
import type { InboundBatch } from "#pipeline/capture/inbound-batch.ts";
import type { Store } from "#store/store.ts";
import { describeOnPostgres } from "../support/postgres.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, range, type Rig, startRig, textOf } from "./rig.ts";

const id = "A".repeat(32);
const own = { phone: "5511900000001", lid: "900000000000001" };
const owner = { instanceId: id, token: 1 };

/** What nobody will ever be able to store must cost itself only. */
function refusalContract(open: () => Promise<Store>, refusal: Readonly<Record<string, string>>): void {
  let store: Store;
  let receiver: Receiver;
  let rig: Rig;
  let stop: AbortController;
  let told: string[];
  let logged: [fields: Readonly<Record<string, unknown>>, message: string][];

  beforeEach(async () => {
    store = await open();
    receiver = await startReceiver();
    await store.instances.create({ instance: instanceOf(id, { received: receiver.url, messageStatus: receiver.url }) });
    await store.authState.fence(owner);
    told = [];
    logged = [];
  });

  afterEach(async () => {
    stop.abort();
    await rig[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  const start = (persist: Store["events"]["persist"] = (input) => store.events.persist(input)): void => {
    const log: Log = { ...silentLog, error: (fields, message) => void logged.push([fields, message]) };
    const watched = { ...store, events: { ...store.events, persist } };
    stop = new AbortController();
    rig = startRig(watched, { log, stop, refused: (kind) => told.push(kind) });
  };
  const refuse = (): never => {
    throw new WazapiError("storage", { details: refusal });
  };
  const taken = (count: number) => rig.time.until(() => receiver.taken.length === count, 5_000);
  const bodies = () => receiver.taken.map(({ body }) => JSON.parse(body));
  const shown = () => bodies().map(({ messageId, text, waitingMessage }) => [messageId, text?.message, waitingMessage]);
  const pending = () => store.authState.pendingJournal({ instanceId: id, limit: 100 });
  const journal = async (stanzaIds: readonly string[]): Promise<void> => {
    const entries = stanzaIds.map((stanzaId, at) => ({
      kind: "plaintext" as const,
      contentHash: String(at),
      stanzaId,
      attrs: "{}",
      payload: new Uint8Array([1]),
      at,
    }));
    await store.authState.commit({ ...owner, journal: entries });
  };
  const receive = (messages: readonly WAMessage[], journalIds: readonly string[] = []): void => {
    const events: InboundBatch["events"] = { "messages.upsert": { type: "notify", messages: [...messages] } };
    void rig.pipeline.receive({ instanceId: id, own, events, journalIds, offline: false });
  };
  const arrived = (messageId: string, text = `text of ${messageId}`): WAMessage => ({
    key: { remoteJid: "5511900000002@s.whatsapp.net", fromMe: false, id: messageId },
    messageTimestamp: 1_690_000_000,
    message: { conversation: text },
  });

  test.each([
    ["in batches of their own", (all: readonly WAMessage[]) => all.map((one) => [one])],
    ["in one batch", (all: readonly WAMessage[]) => [all]],
  ])("one message of twenty, %s: the others arrive in order, once, and it as one that waits", async (_, grouped) => {
    start((input) =>
      input.events.some(({ kind, messageId }) => kind === "message" && messageId === "M7")
        ? refuse()
        : store.events.persist(input),
    );
    const names = range(1, 20).map((n) => `M${n}`);
    await journal(names);
    for (const group of grouped(names.map((name) => arrived(name))))
      receive(
        group,
        group.map(({ key }) => key.id ?? ""),
      );
    await taken(20);
    await rig.time.settle();
    expect(shown()).toEqual(
      names.map((name) => (name === "M7" ? ["M7", undefined, true] : [name, `text of ${name}`, false])),
    );
    expect(await pending()).toEqual([]);
    expect(told).toEqual(["message"]);
    expect(logged).toHaveLength(1);
    expect(logged[0]?.[0]).toMatchObject({
      instanceId: id,
      kind: "message",
      messageId: "M7",
      reason: expect.any(String),
    });
    expect(JSON.stringify(logged)).not.toContain("text of");
    expect(rig.time.waits.filter((ms) => ms === 100)).toEqual([]);
  });

  test("it comes again out of the journal: nobody is told twice, and nothing waits for it", async () => {
    start((input) => (input.events.some(({ kind }) => kind === "message") ? refuse() : store.events.persist(input)));
    for (const _ of [1, 2, 3]) {
      await journal(["M1"]);
      receive([arrived("M1")], ["M1"]);
      await rig.pipeline.stored();
      expect(await pending()).toEqual([]);
    }
    await taken(1);
    await rig.time.settle();
    expect(shown()).toEqual([["M1", undefined, true]]);
    expect(told).toEqual(["message"]);
  });

  test.each([
    ["a time beyond all integers", { at: 1e300 }],
    ["a fraction of a millisecond", { at: 1_700_000_000_000.5 }],
    ["a number that JSON has no form for", { expirationSeconds: 5n as never }],
  ])("a message with %s", async (_, bad) => {
    start();
    const all: CapturedMessage[] = [textOf(1), { ...textOf(2), ...bad }, textOf(3)];
    void rig.pipeline.record(id, all);
    await taken(3);
    expect(shown()).toEqual([
      ["M1", "text 1", false],
      ["M2", undefined, true],
      ["M3", "text 3", false],
    ]);
    expect(bodies()[1]?.momment).toBeGreaterThan(1_600_000_000_000);
    expect(told).toEqual(["message"]);
  });

  test("something else than a message is told as far as it can be", async () => {
    start();
    const chat = { chatId: "5511900000002@s.whatsapp.net", phone: "5511900000002" };
    void rig.pipeline.record(id, [{ kind: "receipt", chat, messageIds: ["M1"], status: "READ", at: 1e300 }, textOf(2)]);
    await taken(2);
    expect(bodies()[0]).toMatchObject({ status: "READ", ids: ["M1"], phone: "5511900000002" });
    expect(told).toEqual(["receipt"]);
  });

  test("what contacts write arrives, whatever it is made of", async () => {
    start();
    const long = randomBytes(9_000).toString("base64");
    await journal(["J1", "J2", long, "J4"]);
    receive([arrived("M1", "one\0two")], ["J1"]);
    receive([{ ...arrived("M2", "\uD800 alone"), pushName: "A\0B \uDC00" }], ["J2"]);
    receive([arrived(long, "a long id")], [long]);
    receive([arrived("M4")], ["J4"]);
    await taken(4);
    await rig.time.settle();
    expect(shown().map(([messageId, text]) => [messageId, text])).toEqual([
      ["M1", "one\0two"],
      ["M2", "\uD800 alone"],
      [long, "a long id"],
      ["M4", "text of M4"],
    ]);
    expect(await pending()).toEqual([]);
  });

  test("a row of the read model that is refused takes nothing else with it", async () => {
    start((input) =>
      input.records?.messages?.some(({ messageId }) => messageId === "M2") === true
        ? refuse()
        : store.events.persist(input),
    );
    receive([arrived("M1"), arrived("M2"), arrived("M3")]);
    await taken(3);
    expect(shown().map(([messageId]) => messageId)).toEqual(["M1", "M2", "M3"]);
    expect(await store.messages.get({ instanceId: id, messageId: "M2" })).toBeUndefined();
    expect(await store.messages.get({ instanceId: id, messageId: "M3" })).toBeDefined();
    expect(told).toEqual(["messages"]);
  });

  test("a database that takes no event at all is waited for: nothing is put aside", async () => {
    let broken = true;
    start((input) => (broken && input.events.length > 0 ? refuse() : store.events.persist(input)));
    receive([arrived("M1"), arrived("M2")]);
    await rig.time.settle();
    rig.time.advance(1_000);
    await rig.time.settle();
    expect(told).toEqual([]);
    broken = false;
    await taken(2);
    expect(shown().map(([messageId, text]) => [messageId, text])).toEqual([
      ["M1", "text of M1"],
      ["M2", "text of M2"],
    ]);
  });
}

describe("refused for good on sqlite", () => {
  refusalContract(() => openTestStore(), { sqlite: "SQLITE_CONSTRAINT_DATATYPE" });
});

await describeOnPostgres("refused for good on postgres", (postgres) => {
  refusalContract(() => postgres.openStore(), { postgres: "22003" });
});
