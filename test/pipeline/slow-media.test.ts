import { afterEach, beforeEach, expect, test } from "vitest";
import type { CapturedMessage } from "#domain/captured.ts";
import type { MediaLinks } from "#pipeline/deliver/media-links.ts";
import type { Store } from "#store/store.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, range, type Rig, startRig, textOf } from "./rig.ts";

/** Order while files take their time. */
const id = "A".repeat(32);
const other = "B".repeat(32);
const chats = ["5511900000002", "5511900000003", "5511900000004"] as const;

let store: Store;
let receiver: Receiver;
let rig: Rig;
let links: MediaLinks["links"];

beforeEach(async () => {
  store = await openTestStore();
  receiver = await startReceiver();
  for (const instanceId of [id, other]) {
    await store.instances.create({ instance: instanceOf(instanceId, { received: receiver.url }) });
  }
  links = async () => new Map();
  rig = startRig(store, { media: { links: (input, signal) => links(input, signal) } });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

function imageOf(n: number, chat: string): CapturedMessage {
  return {
    ...textOf(n, chat),
    content: { type: "image", caption: "", mimeType: "image/jpeg", viewOnce: false, width: 1, height: 1 },
    media: [{ part: "main", kind: "image", mimeType: "image/jpeg" }],
  };
}

/** Texts and pictures in turn, of three chats in turn. */
const mixed = (count: number): readonly CapturedMessage[] =>
  range(1, count).map((n) => (n % 2 === 0 ? imageOf : textOf)(n, chats[n % 3]!));
const sequences = (fits: (body: string) => boolean = () => true): readonly number[] =>
  receiver.taken.filter(({ body }) => fits(body)).map(({ sequence }) => sequence);
const pending = (instanceId: string) => store.deliveries.count({ instanceId, state: "pending" });
const link = { url: "https://media.example/1.jpg" };

/** A wait of so many turns of the event loop: slow, and the same on every machine. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test.each(["instance", "chat"] as const)(
  "order per %s: files that come late, each after another while, change nothing in it",
  async (deliveryOrder) => {
    await store.instances.update({ instanceId: id, settings: { deliveryOrder }, now: 1 });
    links = async ({ event }) => {
      await turns((event.sequence * 7) % 23);
      return new Map([["main", link]]);
    };
    await rig.record(id, mixed(60));
    await rig.time.until(async () => (await pending(id)) === 0);
    expect(receiver.requests).toHaveLength(60);
    if (deliveryOrder === "instance") expect(sequences()).toEqual(range(1, 60));
    for (const [at, chat] of chats.entries()) {
      expect(sequences((body) => body.includes(chat))).toEqual(range(1, 60).filter((n) => n % 3 === at));
    }
    const pictures = receiver.taken.filter(({ body }) => body.includes('"image":'));
    expect(pictures.map(({ body }) => (JSON.parse(body) as { image: { imageUrl: string } }).image.imageUrl)).toEqual(
      Array(30).fill(link.url),
    );
  },
);

test("order per chat: a file that does not come holds up its own chat only", async () => {
  await store.instances.update({ instanceId: id, settings: { deliveryOrder: "chat" }, now: 1 });
  const gate = Promise.withResolvers<void>();
  links = async ({ event }) => {
    if (event.chatId?.startsWith(chats[0]) === true) await gate.promise;
    return new Map([["main", link]]);
  };
  await rig.record(id, mixed(30));
  const own = range(1, 30).filter((n) => n % 3 === 0);
  // Its first message is a text: that one arrives.
  await rig.time.until(() => receiver.taken.length === 21);
  expect(sequences((body) => body.includes(chats[0]))).toEqual([3]);
  for (const [at, chat] of chats.entries()) {
    if (at > 0) expect(sequences((body) => body.includes(chat))).toEqual(range(1, 30).filter((n) => n % 3 === at));
  }
  gate.resolve();
  await rig.time.until(async () => (await pending(id)) === 0);
  expect(sequences((body) => body.includes(chats[0]))).toEqual(own);
});

test("a file that does not come holds up its own instance only", async () => {
  const gate = Promise.withResolvers<void>();
  links = async ({ event }) => {
    if (event.instanceId === id) await gate.promise;
    return new Map([["main", link]]);
  };
  await rig.record(id, mixed(10));
  await rig.record(other, mixed(10));
  await rig.time.until(async () => (await pending(other)) === 0);
  const ofInstance = (instanceId: string) => sequences((body) => body.includes(instanceId));
  expect([ofInstance(id), ofInstance(other)]).toEqual([[1], range(1, 10)]);
  gate.resolve();
  await rig.time.until(async () => (await pending(id)) === 0);
  expect(ofInstance(id)).toEqual(range(1, 10));
});

test("files that fail for good are told, in order, and hold up nobody", async () => {
  links = async ({ event }) => new Map([["main", event.sequence % 4 === 0 ? { url: null, error: "gone" } : link]]);
  await rig.record(id, mixed(20));
  await rig.time.until(async () => (await pending(id)) === 0);
  expect(sequences()).toEqual(range(1, 20));
  const fourth = JSON.parse(receiver.taken[3]!.body) as { image: unknown };
  expect(fourth.image).toMatchObject({ imageUrl: null, downloadError: "gone" });
});
