import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { openScenario, type Scenario } from "./rig.ts";
import { contentOf, toolsOf } from "./social-tools.ts";

let world: Scenario;

beforeAll(async () => {
  world = await openScenario();
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const received = (...input: Parameters<ReturnType<typeof toolsOf>["received"]>) => toolsOf(world).received(...input);

/** What this person got that takes the message back. */
function revoked(messageId: string, number = world.contact) {
  return until(
    async () => {
      const inbox = await world.inbox(number);
      const keys = inbox.flatMap((entry) => {
        const key: Record<string, unknown> = Object(contentOf(entry)["protocolMessage"]?.["key"]);
        return entry.type === "revoke" ? [key] : [];
      });
      return keys.find(({ id }) => id === messageId);
    },
    { what: `the end of ${messageId}`, withinMs: 30_000 },
  );
}

const lidOf = (number: string): string => {
  const person = world.sandbox.control.state().contacts.find((contact) => contact.number === number);
  return `${person?.lid}@lid`;
};

const remove = (query: Readonly<Record<string, string>>) =>
  world.ask("DELETE", `/messages?${new URLSearchParams(query).toString()}`);

describe("deleting", () => {
  test("a message of ours, for everybody", async () => {
    const { messageId } = await world.send("/send-text", { message: "oops" });
    expect(await remove({ phone: world.contact, messageId, owner: "true" })).toEqual({ status: 204, body: {} });
    expect(await revoked(messageId)).toMatchObject({ fromMe: true, id: messageId });
  });

  test("one of ours that is not stored, and in a group", async () => {
    expect((await remove({ phone: world.contact, messageId: "3EB0UNKNOWN1", owner: "true" })).status).toBe(204);
    expect(await revoked("3EB0UNKNOWN1")).toMatchObject({ fromMe: true });
    const { messageId } = await world.send("/send-text", { phone: world.group.phone, message: "oops" });
    expect((await remove({ phone: world.group.phone, messageId })).status).toBe(204);
    expect(await revoked(messageId, world.other)).toMatchObject({ fromMe: true, remoteJid: world.group.jid });
  });

  test("another's in a group that we run; what is stored of it knows better than owner", async () => {
    for (const owner of ["false", "true"]) {
      const messageId = await received({ text: "spam" }, { from: world.other, to: world.group.jid });
      expect((await remove({ phone: world.group.phone, messageId, owner })).status).toBe(204);
      const key = { remoteJid: world.group.jid, fromMe: false, id: messageId, participant: lidOf(world.other) };
      expect(await revoked(messageId)).toEqual(key);
    }
  });

  test("another's in a group that is not stored: by its sender, and not without", async () => {
    const { phone } = world.group;
    const messageId = "3EB0UNKNOWN2";
    const without = await remove({ phone, messageId, owner: "false" });
    expect(without).toMatchObject({ status: 404, body: { code: "message_not_found", field: "sender" } });
    const sender = `${world.other}@s.whatsapp.net`;
    expect((await remove({ phone, messageId, owner: "false", sender })).status).toBe(204);
    expect(await revoked(messageId)).toMatchObject({ fromMe: false, participant: sender });
  });

  test("another's in a group that others run is refused", async () => {
    const { id } = await world.sandbox.control.createGroup({
      subject: "Theirs",
      participants: [world.contact, world.own],
    });
    const messageId = await received({ text: "stays" }, { to: id });
    const answer = await remove({ phone: id, messageId, owner: "false" });
    expect(answer).toMatchObject({ status: 422, body: { code: "send_rejected" } });
  });

  test("another's in private leaves our devices only", async () => {
    const messageId = await received({ text: "not for me" });
    expect((await remove({ phone: world.contact, messageId, owner: "false" })).status).toBe(204);
    const change = world.sandbox.control.trace().settings.find(({ index }) => index[2] === messageId);
    expect(change).toMatchObject({
      number: world.own,
      index: ["deleteMessageForMe", lidOf(world.contact), messageId, "0", "0"],
      value: { deleteMessageForMeAction: { deleteMedia: false } },
    });
    const inbox = await world.inbox();
    const keys = inbox.map((entry) => contentOf(entry)["protocolMessage"]?.["key"]);
    expect(keys).not.toContainEqual(expect.objectContaining({ id: messageId }));
  });

  test("what WhatsApp refuses is answered with its reason", async () => {
    await world.sandbox.control.addFault({ type: "ack-error", match: { number: world.own }, code: 479 });
    const answer = await remove({ phone: world.contact, messageId: "3EB0UNKNOWN3" });
    expect(answer).toMatchObject({ status: 422, body: { code: "send_rejected" } });
  });

  test("a channel's is not possible, and a request without its fields neither", async () => {
    const channel = await remove({ phone: "120363166555745933@newsletter", messageId: "1" });
    expect(channel).toMatchObject({ status: 501, body: { code: "not_supported" } });
    expect(await remove({ phone: world.contact })).toMatchObject({ status: 400, body: { field: "messageId" } });
    expect(await remove({ messageId: "1" })).toMatchObject({ status: 400, body: { field: "phone" } });
  });
});

describe("marking as read", () => {
  /** Read receipts that left for these messages: whom they went to, and about whose message in a group. */
  function receipts(messageIds: readonly string[]): readonly string[] {
    return world.sandbox.control
      .trace()
      .stanzas.map(({ direction, stanza }) => (direction === "in" ? stanza : ""))
      .filter((stanza) => stanza.startsWith("<receipt") && /type=["']?read["' ]/.test(stanza))
      .filter((stanza) => messageIds.every((id) => stanza.includes(id)));
  }

  const read = (body: Readonly<Record<string, unknown>>) => world.ask("POST", "/read-message", body);

  test("one message, as Z-API writes it", async () => {
    const messageId = await received({ text: "read me" });
    expect(await read({ phone: world.contact, messageId })).toEqual({ status: 204, body: {} });
    expect(receipts([messageId])).toHaveLength(1);
    expect(receipts([messageId])[0]).toContain(lidOf(world.contact));
  });

  test("several, as the Go system writes it; own ones among them do not matter", async () => {
    const messageIds = [await received({ text: "one" }), await received({ text: "two" })];
    const own = await world.send("/send-text", { message: "ours" });
    expect((await read({ phone: world.contact, messageIds: [...messageIds, own.messageId] })).status).toBe(204);
    expect(receipts(messageIds)).toHaveLength(1);
    expect(receipts([own.messageId])).toHaveLength(0);
  });

  test("in a group the receipt names the author", async () => {
    const messageId = await received({ text: "all" }, { from: world.other, to: world.group.jid });
    expect((await read({ phone: world.group.phone, messageId })).status).toBe(204);
    const [receipt] = receipts([messageId]);
    expect(receipt).toContain(world.group.jid);
    expect(receipt).toContain(lidOf(world.other));
  });

  test("one that is not stored: in private by the chat, in a group by its sender and not without", async () => {
    expect((await read({ phone: world.contact, messageId: "3EB0UNREAD1" })).status).toBe(204);
    expect(receipts(["3EB0UNREAD1"])).toHaveLength(1);
    const group = { phone: world.group.phone, messageId: "3EB0UNREAD2" };
    expect(await read(group)).toMatchObject({ status: 404, body: { code: "message_not_found", field: "sender" } });
    expect((await read({ ...group, sender: world.other })).status).toBe(204);
    expect(receipts(["3EB0UNREAD2"])).toHaveLength(1);
  });

  test("a status: the receipt names its author", async () => {
    const messageId = await received({ text: "my day" }, { to: "status@broadcast" });
    expect((await read({ phone: "status@broadcast", messageId })).status).toBe(204);
    const [receipt] = receipts([messageId]);
    expect(receipt).toContain("status@broadcast");
    expect(receipt).toMatch(new RegExp(`participant=["']?(?:${world.contact}@|${lidOf(world.contact)})`));
  });

  test("nothing named", async () => {
    expect(await read({ phone: world.contact })).toMatchObject({ status: 400, body: { field: "messageId" } });
  });
});
