import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultInstanceSettings } from "#domain/instance.ts";
import { newInstanceId } from "#domain/ids.ts";
import type { Store } from "#store/store.ts";
import type { LiveSocket } from "#whatsapp/live-socket.ts";
import { statusAudience } from "#whatsapp/send/status-audience.ts";
import { openTestStore } from "../support/store.ts";

const instanceId = newInstanceId();
const person = (digits: string): string => `${digits}@s.whatsapp.net`;
const own = person("5511900000001");
const [saved, talkedWith, hidden, member] = ["551191", "551192", "551193", "551194"].map(person) as [
  string,
  string,
  string,
  string,
];

let store: Store;
beforeAll(async () => {
  store = await openTestStore();
  await store.instances.create({
    instance: {
      id: instanceId,
      name: "status",
      token: "t".repeat(40),
      settings: defaultInstanceSettings,
      hooks: {},
      furtherHooks: [],
      subscription: { state: "active" },
      webhookSecrets: [],
      connection: { state: "unpaired", at: 0 },
      createdAt: 0,
      updatedAt: 0,
    },
  });
  const { directory } = store;
  await directory.putPairs({ instanceId, pairs: [{ lid: "93", phone: "551193" }] });
  await directory.putContacts({
    instanceId,
    contacts: [
      { contactId: saved, name: "Saved" },
      { contactId: "93@lid", name: "Saved under a LID" },
      { contactId: own, name: "Me" },
      // Seen in a group, never spoken to.
      { contactId: member, pushName: "Somebody" },
    ],
  });
  await directory.putChats({
    instanceId,
    chats: [
      { chatId: talkedWith, lastMessageAt: 5 },
      { chatId: hidden, lastMessageAt: 5 },
      { chatId: "123@g.us", lastMessageAt: 5 },
      { chatId: member },
    ],
  });
});
afterAll(() => store[Symbol.asyncDispose]());

type Answer = BinaryNode | Error;

/** A socket whose server knows these lists. */
function socketWith(answer: Answer): LiveSocket {
  const query = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
  // The audience is asked for by one query; nothing else of the socket plays a part.
  return { sock: { query }, own: () => ({ id: own, lid: "99@lid" }) } as unknown as LiveSocket;
}

const node = (tag: string, attrs: Record<string, string>, content: BinaryNode[] = []): BinaryNode => ({
  tag,
  attrs,
  content,
});
const lists = (...content: BinaryNode[]): BinaryNode => node("iq", {}, [node("privacy", {}, content)]);
const list = (type: string, isDefault: boolean, ...jids: string[]): BinaryNode =>
  node(
    "list",
    { type, ...(isDefault && { default: "true" }) },
    jids.map((jid) => node("user", { jid })),
  );
const everybody = [own, saved, hidden, talkedWith];
const refused = Object.assign(new Error("item-not-found"), { data: 404 });

const cases: readonly (readonly [name: string, answer: Answer, audience: readonly string[]])[] = [
  ["nothing was ever set: contacts and those one has talked with, each once", refused, everybody],
  ["all contacts", lists(list("contacts", true)), everybody],
  ["no lists at all", lists(), everybody],
  ["all but some, by number", lists(list("blacklist", true, saved)), [own, hidden, talkedWith]],
  ["all but some, by LID", lists(list("blacklist", true, "93@lid")), [own, saved, talkedWith]],
  ["only some", lists(list("whitelist", true, talkedWith)), [own, talkedWith]],
  ["only some, by LID", lists(list("whitelist", true, "93@lid")), [own, hidden]],
  [
    "of several lists the one that counts",
    lists(list("whitelist", false, saved), list("blacklist", true, talkedWith)),
    [own, saved, hidden],
  ],
];

describe("a status goes to whom its owner lets see it", () => {
  test.each(cases)("%s", async (_, answer, audience) => {
    const found = await statusAudience(store, { instanceId, socket: socketWith(answer) });
    expect(found.toSorted()).toEqual(audience.toSorted());
    expect(found[0]).toBe(own);
  });

  test("while nobody knows the owner's wish nothing is posted", async () => {
    const broken = Object.assign(new Error("internal-server-error"), { data: 500 });
    await expect(statusAudience(store, { instanceId, socket: socketWith(broken) })).rejects.toThrow("internal");
  });
});
