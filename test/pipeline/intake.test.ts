import { proto, type WAMessage, WAMessageStubType } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import type { InboundBatch } from "#pipeline/capture/inbound-batch.ts";
import type { Store } from "#store/store.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, range, type Rig, startRig, textOf } from "./rig.ts";

let store: Store;
let receiver: Receiver;
let rig: Rig;
const id = "A".repeat(32);
const own = { phone: "5511900000001", lid: "900000000000001" };

beforeEach(async () => {
  store = await openTestStore();
  receiver = await startReceiver();
  await store.instances.create({
    instance: instanceOf(id, { received: receiver.url, messageStatus: receiver.url, connected: receiver.url }),
  });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** Hands a batch over without waiting for room. */
const receive = (batch: InboundBatch): void => {
  void rig.pipeline.receive(batch);
};

const batchOf = (given: Partial<InboundBatch>): InboundBatch => ({
  instanceId: id,
  own,
  journalIds: [],
  offline: false,
  ...given,
});

const upsert = (messages: readonly Partial<WAMessage>[], type: "notify" | "append" = "notify"): InboundBatch =>
  batchOf({ events: { "messages.upsert": { type, messages: messages as WAMessage[] } } });

const text = (n: number, given: Partial<WAMessage> = {}): Partial<WAMessage> => ({
  key: { remoteJid: "200000000000002@lid", remoteJidAlt: "5511900000002@s.whatsapp.net", fromMe: false, id: `M${n}` },
  messageTimestamp: 1_690_000_000 + n,
  pushName: "Ana",
  message: { conversation: `text ${n}` },
  ...given,
});

/** Which journal ids `persist` was told to settle. */
function spied(): {
  readonly store: Store;
  readonly settled: string[];
  fail: (times: number) => void;
  readonly calls: number[];
} {
  const settled: string[] = [];
  const calls: number[] = [];
  let failures = 0;
  const events: Store["events"] = {
    ...store.events,
    persist: async (input) => {
      calls.push(input.events.length);
      if (failures-- > 0) throw new WazapiError("storage", { message: "disk full" });
      settled.push(...(input.journalIds ?? []));
      return store.events.persist(input);
    },
  };
  return { store: { ...store, events }, settled, calls, fail: (times) => void (failures = times) };
}

test("receive: a message becomes an event, a stored message, a contact, a chat and a pair", async () => {
  rig = startRig(store);
  expect(rig.pipeline.receive(upsert([text(1)]))).toBeUndefined();
  await rig.time.until(() => receiver.taken.length === 1);
  expect(JSON.parse(receiver.taken[0]!.body)).toMatchObject({
    phone: "5511900000002",
    chatLid: "200000000000002@lid",
    text: { message: "text 1" },
    momment: 1_690_000_001_000,
  });
  expect(await store.directory.phoneOf({ instanceId: id, lid: "200000000000002" })).toBe("5511900000002");
  expect(await store.messages.get({ instanceId: id, messageId: "M1" })).toMatchObject({ type: "text", fromMe: false });
  const contactId = "5511900000002@s.whatsapp.net";
  expect(await store.directory.contact({ instanceId: id, contactId })).toMatchObject({ pushName: "Ana" });
  expect(await store.directory.chat({ instanceId: id, chatId: contactId })).toMatchObject({ unread: 1 });
});

test("receive: append upserts are events too, and the second delivery of a message is none", async () => {
  rig = startRig(store);
  receive(upsert([text(1), text(2)], "append"));
  receive(upsert([text(2), text(3)]));
  await rig.time.until(() => receiver.taken.length === 3);
  await rig.time.settle();
  expect(receiver.taken.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test("receive: the number of a LID learnt once is used where only the LID comes", async () => {
  rig = startRig(store);
  receive(upsert([text(1)]));
  receive(upsert([text(2, { key: { remoteJid: "200000000000002@lid", fromMe: false, id: "M2" } })]));
  await rig.time.until(() => receiver.taken.length === 2);
  expect(receiver.taken.map(({ body }) => JSON.parse(body).phone)).toEqual(["5511900000002", "5511900000002"]);
});

test("receive: messages between clients are no events, and their journal entries are settled all the same", async () => {
  const spy = spied();
  rig = startRig(spy.store);
  const silent: readonly Partial<WAMessage>[] = [
    text(1, { message: { protocolMessage: { type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE } } }),
    text(2, { message: { senderKeyDistributionMessage: { groupId: "1@g.us" } } }),
    text(3, { message: { messageContextInfo: {} } }),
    text(4, { message: { protocolMessage: { type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT } } }),
  ];
  for (const [index, message] of silent.entries()) {
    receive({ ...upsert([message]), journalIds: [`J${index}`] });
  }
  for (const type of ["retry", "sender", "hist_sync", "peer_msg", "server-error"]) {
    const attrs = { from: "5511900000002@s.whatsapp.net", id: "M9", type, t: "1690000000" };
    receive(batchOf({ stanza: { tag: "receipt", attrs }, journalIds: [type] }));
  }
  for (const tag of ["ack", "call", "notification"]) {
    receive(batchOf({ stanza: { tag, attrs: { type: "encrypt" } }, journalIds: [tag] }));
  }
  await rig.pipeline.stored();
  expect(spy.settled).toHaveLength(12);
  expect(spy.calls.every((events) => events === 0)).toBe(true);
});

test("receive: stubs the client makes out of notifications and calls are not told twice", async () => {
  rig = startRig(store);
  const key = { remoteJid: "120363000000000001@g.us", fromMe: false, id: "N1", participant: "200000000000002@lid" };
  receive(
    upsert(
      [
        {
          key,
          messageStubType: WAMessageStubType.GROUP_PARTICIPANT_ADD,
          messageStubParameters: ["{}"],
          messageTimestamp: 1,
        },
      ],
      "append",
    ),
  );
  const participant = { tag: "participant", attrs: { jid: "200000000000002@lid" } };
  const attrs = { from: key.remoteJid, type: "w:gp2", id: "N1", participant: "300000000000003@lid", t: "1690000000" };
  receive(
    batchOf({ stanza: { tag: "notification", attrs, content: [{ tag: "add", attrs: {}, content: [participant] }] } }),
  );
  await rig.time.until(() => receiver.taken.length === 1);
  expect(JSON.parse(receiver.taken[0]!.body).notification).toBe("GROUP_PARTICIPANT_ADD");
});

test("receive: a waiting message and its content are two events", async () => {
  rig = startRig(store);
  receive(
    upsert([
      text(1, { message: null, messageStubType: WAMessageStubType.CIPHERTEXT, messageStubParameters: ["no session"] }),
    ]),
  );
  receive(upsert([text(1)]));
  await rig.time.until(() => receiver.taken.length === 2);
  expect(receiver.taken.map(({ body }) => JSON.parse(body).waitingMessage)).toEqual([true, false]);
});

test("receive: something nobody foresaw does not hold up what comes behind it", async () => {
  rig = startRig(store);
  const broken = { message: { conversation: "without a key" } };
  receive(upsert([broken, text(2)]));
  await rig.time.until(() => receiver.taken.length === 1);
  expect(JSON.parse(receiver.taken[0]!.body).messageId).toBe("M2");
});

test("receive: a message whose content nobody foresaw is told as one that waits, in its place", async () => {
  rig = startRig(store);
  const message = Object.defineProperty({}, "conversation", {
    enumerable: true,
    get: () => {
      throw new TypeError("nobody foresaw this");
    },
  });
  receive(upsert([text(1), text(2, { message }), text(3)]));
  await rig.time.until(() => receiver.taken.length === 3);
  expect(
    receiver.taken.map(({ body }) => JSON.parse(body)).map((body) => [body.messageId, body.waitingMessage]),
  ).toEqual([
    ["M1", false],
    ["M2", true],
    ["M3", false],
  ]);
});

test("persist: a store that fails holds everything back, in order, and loses nothing", async () => {
  const spy = spied();
  rig = startRig(spy.store);
  spy.fail(4);
  const offer = (callId: string) => ({
    tag: "call",
    attrs: { from: "200000000000002@lid", id: callId, t: "1690000000" },
    content: [{ tag: "offer", attrs: { "call-id": callId, "call-creator": "200000000000002@lid" } }],
  });
  receive(batchOf({ stanza: offer("C1"), journalIds: ["C1"] }));
  await rig.time.settle();
  receive({ ...upsert([text(1)]), journalIds: ["M1"] });
  expect(rig.pipeline.stats().buffered).toBe(2);
  await rig.time.until(() => receiver.taken.length === 2);
  // The call is captured once, however often storing it failed.
  expect(receiver.taken.map(({ body }) => JSON.parse(body).notification)).toEqual(["CALL_VOICE", undefined]);
  expect(spy.settled).toEqual(["C1", "M1"]);
});

test("buffer: at a thousand batches the session is asked to wait, and is let go when there is room", async () => {
  const spy = spied();
  rig = startRig(spy.store);
  spy.fail(1);
  const waits = range(1, 1_002).map((n) => rig.pipeline.receive(upsert([text(n)])));
  expect(waits.slice(0, 999).every((wait) => wait === undefined)).toBe(true);
  expect(waits.slice(999).every((wait) => wait instanceof Promise)).toBe(true);
  await rig.time.until(async () => (await store.events.lastPosition()) === 1_002);
  await Promise.all(waits.filter((wait) => wait !== undefined));
  expect(rig.pipeline.stats().buffered).toBe(0);
});

test("record: what a session says of itself is stored behind what it received, and answered when it is a row", async () => {
  rig = startRig(store);
  receive(upsert([text(1)]));
  await rig.pipeline.record(id, [{ kind: "connected", phone: own.phone, at: 5 }]);
  expect(await store.events.lastPosition()).toBe(2);
  await rig.time.until(() => receiver.taken.length === 2);
  expect(receiver.taken.map(({ headers }) => headers["x-wazapi-event-type"])).toEqual([
    "ReceivedCallback",
    "ConnectedCallback",
  ]);
});

test("record: the deadline of a shutdown ends the wait", async () => {
  const spy = spied();
  spy.fail(Infinity);
  const stop = new AbortController();
  rig = startRig(spy.store, { stop });
  const waiting = rig.pipeline.record(id, [textOf(1)]);
  await rig.time.settle();
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: "shutting_down" });
  await expect(rig.pipeline.record(id, [textOf(2)])).rejects.toMatchObject({ code: "shutting_down" });
});

test("record: an instance that is gone keeps nothing and fails nobody", async () => {
  rig = startRig(store);
  await rig.pipeline.record("B".repeat(32), [textOf(1)]);
  expect(await store.events.lastPosition()).toBe(0);
});

test.each([
  ["a person", "5511900000002@s.whatsapp.net", undefined],
  ["a group", "120363000000000001@g.us", { phone: own.phone, device: 0 }],
])(
  "capturedOf: a message to %s that WhatsApp took is itself and its status SENT",
  async (_, remoteJid, participant) => {
    rig = startRig(store);
    const info = { key: { remoteJid, fromMe: true, id: "S1" }, messageTimestamp: 5, message: { conversation: "hi" } };
    const encoded = proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(info)).finish();
    const [message, status] = await rig.pipeline.capturedOf({ instanceId: id, own, proto: encoded, at: 7 });
    expect(message).toMatchObject({
      kind: "message",
      fromMe: true,
      fromApi: true,
      content: { type: "text", text: "hi" },
    });
    expect(status).toMatchObject({ kind: "receipt", status: "SENT", messageIds: ["S1"], at: 7 });
    expect(status).toMatchObject(participant === undefined ? {} : { participant });
  },
);

test("stop: what is buffered is stored first", async () => {
  rig = startRig(store);
  for (const n of range(1, 30)) receive(upsert([text(n)]));
  await rig.pipeline[Symbol.asyncDispose]();
  expect(await store.events.lastPosition()).toBe(30);
});

test("outage: memory stays flat while thousands wait", async () => {
  rig = startRig(store);
  await receiver.down();
  const held: number[] = [];
  for (const part of range(0, 10)) {
    await rig.record(
      id,
      range(part * 250 + 1, part * 250 + 250).map((n) => textOf(n)),
    );
    await rig.time.settle();
    held.push(rig.pipeline.stats().buffered + rig.pipeline.stats().held);
  }
  expect(Math.max(...held)).toBeLessThanOrEqual(200);
  expect(await store.deliveries.count({ instanceId: id, state: "pending" })).toBe(2_750);
  await receiver.up();
  await rig.time.until(async () => (await store.deliveries.count({ instanceId: id, state: "pending" })) === 0);
  expect(receiver.taken.map(({ sequence }) => sequence)).toEqual(range(1, 2_750));
});
