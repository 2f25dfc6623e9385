import type { BinaryNode } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createCapture } from "#pipeline/capture/capture.ts";
import { contactHash } from "#pipeline/capture/hashed-people.ts";

const instanceId = "A".repeat(32);
const own = { phone: "5511900000001", lid: "900000000000001" };
const ana = { phone: "5511900000002", lid: "200000000000002", jid: "5511900000002@s.whatsapp.net" };
const bob = "5511900000003@s.whatsapp.net";
const cid = "400000000000004@lid";
const opaque = "777000000000007@lid";

/** A world that knows Ana with both names, Bob by number, and a chat with somebody who shows a LID alone. */
function world() {
  const changed: string[] = [];
  let unmatched = 0;
  let reads = 0;
  const { capture } = createCapture({
    directory: {
      phoneOf: async ({ lid }) => (lid === ana.lid ? ana.phone : undefined),
      lidOf: async ({ phone }) => (phone === ana.phone ? ana.lid : undefined),
      contact: async () => undefined,
      chat: async () => undefined,
      pairs: async () => {
        reads += 1;
        return [ana];
      },
      contacts: async ({ offset }) => (offset === 0 ? [{ instanceId, contactId: bob }] : []),
      chats: async ({ offset }) => (offset === 0 ? [{ instanceId, chatId: cid }] : []),
    },
    messages: { get: async () => undefined, list: async () => [] },
    people: { changed: (_, jid) => changed.push(jid), unmatched: () => (unmatched += 1) },
    clock: { now: () => 1_700_000_000_000, monotonicMs: () => 0 },
    log: silentLog,
  });
  const notice = async (type: string, from: string, child: BinaryNode) => {
    const stanza = { tag: "notification", attrs: { id: "N1", from, type, t: "1700000000" }, content: [child] };
    const { captured } = await capture({ instanceId, own, stanza, journalIds: [], offline: false });
    return captured.map((one) => (one.kind === "notification" ? [one.name, one.chat.chatId, one.key] : [one.kind]));
  };
  return { notice, changed, unmatched: () => unmatched, reads: () => reads };
}

const set = (attrs: Record<string, string>): BinaryNode => ({ tag: "set", attrs });
const update = (attrs: Record<string, string>): BinaryNode => ({ tag: "update", attrs });

test("the hash of a contact: three bytes, of the number or the LID without its server and device", () => {
  expect(contactHash("5511900000002@s.whatsapp.net")).toBe(contactHash("5511900000002:3@s.whatsapp.net"));
  // printf 5511900000002WA_ADD_NOTIF | openssl md5 -binary | head -c 3 | base64
  expect(contactHash(ana.jid)).toBe("wFcl");
});

test.each([
  ["by her number", contactHash(ana.phone), ana.jid],
  ["by her LID", contactHash(ana.lid), ana.jid],
  ["a contact without a LID", contactHash(bob), bob],
  ["somebody with a LID alone", contactHash(cid), cid],
])("a picture of somebody named by hash, from a LID that nobody knows: %s", async (_, hash, chat) => {
  const { notice, unmatched, reads } = world();
  const told = [["CONTACT_PICTURE_UPDATED", chat, "N1"]];
  expect(await notice("picture", opaque, set({ hash }))).toEqual(told);
  expect(await notice("picture", opaque, { tag: "delete", attrs: { hash } })).toEqual(told);
  expect([unmatched(), reads()]).toEqual([0, 1]);
});

test("a picture whose sender has the hash: nothing is looked up", async () => {
  const { notice, reads } = world();
  const told = [["CONTACT_PICTURE_UPDATED", ana.jid, "N1"]];
  expect(await notice("picture", `${ana.lid}@lid`, set({ hash: contactHash(ana.phone) }))).toEqual(told);
  expect(reads()).toBe(0);
});

test("a picture that names its owner is of the owner", async () => {
  const { notice } = world();
  expect(await notice("picture", opaque, set({ jid: bob, id: "1" }))).toEqual([["CONTACT_PICTURE_UPDATED", bob, "N1"]]);
});

test("a hash of nobody we know: told as it came, counted, and never taken for the own picture", async () => {
  const { notice, unmatched } = world();
  const hash = contactHash("12025550100");
  expect(await notice("picture", opaque, set({ hash }))).toEqual([["CONTACT_PICTURE_UPDATED", opaque, "N1"]]);
  expect(await notice("picture", `${own.phone}@s.whatsapp.net`, set({ hash }))).toEqual([]);
  expect(unmatched()).toBe(2);
});

test("contacts that changed: nobody is told, and what is kept of them is asked for anew", async () => {
  const { notice, changed, unmatched } = world();
  const server = "s.whatsapp.net";
  expect(await notice("contacts", server, update({ hash: contactHash(ana.lid) }))).toEqual([]);
  expect(await notice("contacts", server, update({ jid: cid }))).toEqual([]);
  expect(await notice("contacts", server, update({ hash: contactHash("12025550100") }))).toEqual([]);
  expect(await notice("contacts", server, { tag: "sync", attrs: { after: "1" } })).toEqual([]);
  expect(changed).toEqual([ana.jid, cid]);
  expect(unmatched()).toBe(1);
});
