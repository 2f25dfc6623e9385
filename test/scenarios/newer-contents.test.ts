import { createCipheriv, hkdfSync } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fieldsOf, fieldWith } from "#lib/protobuf-fields.ts";
import type { ContentBody } from "#sandbox/content-body.ts";
import { openScenario, type Scenario, type WebhookBody } from "./rig.ts";

let world: Scenario;

beforeAll(async () => {
  world = await openScenario();
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

type Where = { readonly from?: string; readonly to?: string };

/** What the customer is told about a message that somebody sends. */
async function told(content: ContentBody, where: Where = {}): Promise<WebhookBody> {
  const id = await world.receive(content, where);
  return world.webhook(JSON.stringify(content).slice(0, 80), ({ messageId }) => messageId === id);
}

/** An edit as a phone seals it, as protobuf JSON. */
function sealedEdit(
  of: { readonly id: string; readonly secret: Uint8Array; readonly author: string; readonly editor: string },
  text: string,
): Readonly<Record<string, unknown>> {
  const info = `${of.id}${of.author}@s.whatsapp.net${of.editor}@s.whatsapp.netMessage Edit`;
  const key = new Uint8Array(hkdfSync("sha256", of.secret, new Uint8Array(32), info, 32));
  const encIv = Buffer.alloc(12, 9);
  const cipher = createCipheriv("aes-256-gcm", key, encIv);
  const type = proto.Message.ProtocolMessage.Type.MESSAGE_EDIT;
  const plain = encoded({ protocolMessage: { type, key: { id: of.id }, editedMessage: { conversation: text } } });
  const encPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString("base64");
  const targetMessageKey = { id: of.id, fromMe: true };
  return {
    secretEncryptedMessage: { targetMessageKey, encPayload, encIv: encIv.toString("base64"), secretEncType: 2 },
  };
}

const raw = (...parts: readonly Uint8Array[]): ContentBody => ({
  raw: { base64: Buffer.concat(parts).toString("base64") },
});
const encoded = (message: proto.IMessage): Uint8Array => proto.Message.encode(message).finish();
const words = (text: string): Uint8Array => encoded({ conversation: text });
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("kinds that are younger than our protobuf", () => {
  test.each([
    [122, "eventInviteMessage", "eventInvite"],
    [125, "splitPaymentMessage", "splitPayment"],
    [129, "musicMessage", "music"],
    [250, "field250", "field250"],
  ])("field %i is published under its name or number, with its bytes", async (number, name, contentType) => {
    const body = fieldWith(2, Buffer.from("what it says"));
    const secret = encoded({ messageContextInfo: { messageSecret: Buffer.alloc(32, 7) } });
    const webhook = await told(raw(secret, fieldWith(number, body)));
    expect(webhook).toMatchObject({ contentType, [name]: { field: number, base64: base64(body.toString()) } });
    expect(webhook).toMatchObject({ [name]: { base64: Buffer.from(body).toString("base64") } });
  });

  test("a wrapper that nobody knows is taken off, also in a group and from the own phone", async () => {
    const spoiler = fieldWith(118, fieldWith(1, words("hidden at first")));
    expect(await told(raw(spoiler))).toMatchObject({ text: { message: "hidden at first" } });
    const inGroup = await told(raw(spoiler), { to: world.group.jid, from: world.other });
    expect(inGroup).toMatchObject({ text: { message: "hidden at first" }, isGroup: true });
    const own = await told(raw(spoiler), { from: world.own, to: world.contact });
    expect(own).toMatchObject({ text: { message: "hidden at first" }, fromMe: true });
  });

  test("keys that devices hand each other are nobody's business; what is readable beside them is", async () => {
    const silent = await world.receive(raw(fieldWith(123, Buffer.from("key"))));
    expect(await told(raw(words("with a key"), fieldWith(123, Buffer.from("key"))))).toMatchObject({
      text: { message: "with a key" },
    });
    expect(world.webhooks().filter(({ messageId }) => messageId === silent)).toEqual([]);
  });

  test("a poll of version 6 reads as a poll, and its votes open", async () => {
    const poll = { question: "Lunch?", options: ["Pizza", "Salad"], hideVoters: true, endsAt: 4_000_000_000_000 };
    for (const to of [world.own, world.group.jid]) {
      const webhook = await told({ pollV6: poll }, { to });
      expect(webhook["poll"]).toEqual({
        question: "Lunch?",
        pollMaxOptions: 1,
        options: [{ name: "Pizza" }, { name: "Salad" }],
        hideVoters: true,
        endTime: 4_000_000_000_000,
      });
      const pollMessageId = webhook["messageId"] as string;
      const vote = await told({ pollVote: { messageId: pollMessageId, options: ["Salad"] } }, { to });
      expect(vote["pollVote"]).toEqual({ pollMessageId, options: [{ name: "Salad" }] });
    }
  });
});

describe("posts of channels", () => {
  const channel = "120363000000000009@newsletter";
  let posts = 0;

  /** What the customer is told about a post. */
  async function posted(tag: "message" | "status", ...parts: readonly Uint8Array[]): Promise<WebhookBody> {
    posts += 1;
    const id = `POST${posts}`;
    const plaintext = { tag: "plaintext", attrs: {}, content: { base64: Buffer.concat(parts).toString("base64") } };
    const attrs = { id, from: channel, type: "text", server_id: String(100 + posts) };
    await world.sandbox.control.stanza({ number: world.own, stanza: { tag, attrs, content: [plaintext] } });
    return world.webhook(id, ({ messageId }) => messageId === id);
  }

  test.each(["message", "status"] as const)("a kind that is younger than our protobuf, as <%s>", async (tag) => {
    const body = fieldWith(2, Buffer.from("what it says"));
    expect(await posted(tag, fieldWith(129, body))).toMatchObject({
      isNewsletter: true,
      contentType: "music",
      musicMessage: { field: 129, base64: Buffer.from(body).toString("base64") },
    });
    const poll = encoded({ pollCreationMessageV5: { name: "Lunch?", options: [{ optionName: "Pizza" }] } });
    const asV6 = fieldWith(119, fieldsOf(poll)?.[0]?.value ?? new Uint8Array(0));
    expect(await posted(tag, asV6)).toMatchObject({ poll: { question: "Lunch?" }, phone: channel });
    const spoiler = fieldWith(118, fieldWith(1, words("hidden at first")));
    expect(await posted(tag, spoiler)).toMatchObject({ text: { message: "hidden at first" } });
  });
});

describe("what is sealed with the secret of another message", () => {
  test.each(["1:1", "group", "own phone"])("an edit reads like any other: %s", async (where) => {
    const at: Where =
      where === "group"
        ? { to: world.group.jid, from: world.other }
        : where === "own phone"
          ? { from: world.own, to: world.contact }
          : {};
    const first = (await told({ text: "Helo" }, at))["messageId"] as string;
    for (const text of ["Hello", "Hello again"]) {
      const edit = await told({ edit: { messageId: first, text } }, at);
      expect(edit).toMatchObject({ isEdit: true, editMessageId: first, text: { message: text } });
    }
    expect(await told({ reaction: { messageId: first, emoji: "👍", sealed: true } }, at)).toMatchObject({
      reaction: { value: "👍", referencedMessage: { messageId: first } },
    });
  });

  test("an edit of a message of ours that goes by LID", async () => {
    const { sandbox, own, contact } = world;
    const signal = AbortSignal.timeout(30_000);
    const by = { number: contact, to: own, addressing: "lid" } as const;
    const { messageIds } = await sandbox.control.contactSend({ ...by, content: { text: "by LID" } }, signal);
    const messageId = messageIds[0]!;
    const content = { edit: { messageId, text: "edited by LID" } };
    await sandbox.control.contactSend({ ...by, content }, signal);
    const edit = await world.webhook("the edit", ({ editMessageId }) => editMessageId === messageId);
    expect(edit).toMatchObject({ isEdit: true, text: { message: "edited by LID" }, phone: contact });
    await sandbox.control.contactSend({ ...by, addressing: "pn", content: { text: "back to the number" } }, signal);
  });

  test("reactions to and comments on what others wrote in a group", async () => {
    const inGroup = { to: world.group.jid };
    const post = (await told({ text: "News" }, { ...inGroup, from: world.other }))["messageId"] as string;
    const reaction = await told({ reaction: { messageId: post, emoji: "🎉", sealed: true } }, inGroup);
    expect(reaction["reaction"]).toMatchObject({
      value: "🎉",
      reactionBy: world.contact,
      referencedMessage: { messageId: post, participant: world.other, fromMe: false },
    });
    for (const sealed of [true, false]) {
      const comment = await told({ comment: { messageId: post, text: "Good news", sealed } }, inGroup);
      expect(comment).toMatchObject({
        contentType: "comment",
        text: { message: "Good news" },
        referenceMessageId: post,
      });
    }
  });

  test("events and polls are edited, and options added by anybody", async () => {
    const at = { to: world.group.jid, from: world.other };
    const event = (await told({ event: { name: "Party", startAt: 1_800_000_000_000 } }, at))["messageId"] as string;
    expect(
      await told({ eventEdit: { messageId: event, name: "Big party", startAt: 1_800_000_000_000 } }, at),
    ).toMatchObject({ isEdit: true, editMessageId: event, event: { name: "Big party" } });
    const poll = (await told({ poll: { question: "When?", options: ["Mon", "Tue"] } }, at))["messageId"] as string;
    const pollEdit = { messageId: poll, question: "Which day?", options: ["Mon", "Tue"] };
    expect(await told({ pollEdit }, at)).toMatchObject({ editMessageId: poll, poll: { question: "Which day?" } });
    const option = await told({ pollOption: { messageId: poll, option: "Wed" } }, { to: world.group.jid });
    expect(option).toMatchObject({
      editMessageId: poll,
      poll: { question: "Which day?", options: [{ name: "Mon" }, { name: "Tue" }, { name: "Wed" }] },
    });
  });

  test("somebody else's words are not edited by who holds the secret", async () => {
    const at = { to: world.group.jid };
    const secret = Buffer.alloc(32, 5);
    const mine = { conversation: "mine", messageContextInfo: { messageSecret: secret.toString("base64") } };
    const id = (await told({ proto: mine }, { ...at, from: world.other }))["messageId"] as string;
    const forged = sealedEdit({ id, secret, author: world.other, editor: world.contact }, "not mine");
    expect(await told({ proto: forged }, at)).toMatchObject({ contentType: "sealedEdit", isEdit: false });
    const honest = sealedEdit({ id, secret, author: world.other, editor: world.other }, "mine indeed");
    expect(await told({ proto: honest }, { ...at, from: world.other })).toMatchObject({ editMessageId: id });
  });

  test("an edit that comes before its message is published closed, and again once it opens", async () => {
    const { sandbox, contact, own } = world;
    const [messageId, secret] = ["3AEARLY0001", Buffer.alloc(32, 6)];
    const edit = await told({
      proto: sealedEdit({ id: messageId, secret, author: contact, editor: contact }, "early"),
    });
    expect(edit).toMatchObject({ contentType: "sealedEdit" });
    const proto = { conversation: "erly", messageContextInfo: { messageSecret: secret.toString("base64") } };
    await sandbox.control.contactSend(
      { number: contact, to: own, messageId, content: { proto } },
      AbortSignal.timeout(30_000),
    );
    const opened = await world.webhook("the edit, opened", ({ editMessageId }) => editMessageId === messageId);
    expect(opened).toMatchObject({ messageId: edit["messageId"], text: { message: "early" } });
  });

  test("edits in clear are read as before", async () => {
    await world.sandbox.control.behaviour({ editForm: "plain" });
    const first = (await told({ text: "Helo" }))["messageId"] as string;
    const edit = await told({ edit: { messageId: first, text: "Hello" } });
    expect(edit).toMatchObject({ isEdit: true, editMessageId: first, text: { message: "Hello" } });
    await world.sandbox.control.behaviour({ editForm: "sealed" });
  });
});

describe("wrappers, albums and names", () => {
  const said = { conversation: "inside" };
  test.each([
    ["botForwardedMessage", { botForwardedMessage: { message: said } }],
    ["botInvokeMessage", { botInvokeMessage: { message: said } }],
    ["questionMessage", { questionMessage: { message: said } }],
    ["questionReplyMessage", { questionReplyMessage: { message: said } }],
    ["statusAddYours", { statusAddYours: { message: said } }],
    ["groupStatusMessageV2", { groupStatusMessageV2: { message: said } }],
    ["two of them", { ephemeralMessage: { message: { questionMessage: { message: said } } } }],
  ])("%s: the text inside is the text of the webhook", async (_name, json) => {
    expect(await told({ proto: json })).toMatchObject({ text: { message: "inside" } });
  });

  test("an AI's answer that somebody forwards is its words", async () => {
    const submessages = [
      { messageType: 2, messageText: "First." },
      { messageType: 2, messageText: "Second." },
    ];
    const message = { richResponseMessage: { messageType: 1, submessages } };
    expect(await told({ proto: { botForwardedMessage: { message } } })).toMatchObject({
      contentType: "richResponse",
      text: { message: "First.\nSecond." },
    });
  });

  test("an album says how many follow, its parts and HD twins say whose they are", async () => {
    const album = await told({ proto: { albumMessage: { expectedImageCount: 2 } } });
    expect(album).toMatchObject({ contentType: "album", albumMessage: { expectedImageCount: 2 } });
    const image = { base64: base64("picture") };
    const part = await told({ image, album: album["messageId"] as string });
    expect(part).toMatchObject({ parentMessageId: album["messageId"], parentType: "album", image: {} });
    const twin = await told({ image, hdOf: part["messageId"] as string });
    expect(twin).toMatchObject({ parentMessageId: part["messageId"], parentType: "hd", image: {} });
    expect(await told({ image })).not.toHaveProperty("parentMessageId");
  });

  test.each<[string, string, Record<string, unknown>]>([
    ["callLog", "callLogMesssage", { callLogMesssage: { isVideo: false, callOutcome: "MISSED" } }],
    ["scheduledCall", "scheduledCallCreationMessage", { scheduledCallCreationMessage: { title: "call" } }],
    ["groupHistory", "messageHistoryBundle", { messageHistoryBundle: { mimetype: "application/x-protobuf" } }],
    [
      "limitSharing",
      "limitSharingMessage",
      { limitSharingMessage: { message: { protocolMessage: { type: "LIMIT_SHARING" } } } },
    ],
    [
      "statusMention",
      "statusMentionMessage",
      { statusMentionMessage: { message: { protocolMessage: { type: "STATUS_MENTION_MESSAGE" } } } },
    ],
    ["phoneNumberRequest", "requestPhoneNumberMessage", { requestPhoneNumberMessage: {} }],
  ])("%s has a name, beside its fields", async (contentType, field, json) => {
    const webhook = await told({ proto: json });
    expect(webhook).toMatchObject({ contentType });
    expect(webhook).toHaveProperty(field);
  });

  test("somebody shares their number: the pair is known, and it is told once", async () => {
    const { sandbox, own, other } = world;
    const signal = AbortSignal.timeout(30_000);
    const content = { proto: { protocolMessage: { type: "SHARE_PHONE_NUMBER" } } };
    const sent = await sandbox.control.contactSend({ number: other, to: own, addressing: "lid", content }, signal);
    const webhook = await world.webhook("the number", ({ notification }) => notification === "PHONE_NUMBER_SHARED");
    expect(webhook).toMatchObject({ phone: other, notificationParameters: [other] });
    await told({ text: "afterwards" });
    const all = world.webhooks().filter(({ notification }) => notification === "PHONE_NUMBER_SHARED");
    expect(all).toHaveLength(1);
    expect(sent.messageIds).toHaveLength(1);
  });

  test("a click on an advertisement is published with its payload", async () => {
    const contextInfo = {
      ctwaPayload: base64("click"),
      ctwaSignals: "signals",
      conversionSource: "FB_Ads",
      entryPointConversionSource: "ctwa_ad",
      externalAdReply: { title: "Shoes", sourceId: "120", ctwaClid: "clid", ref: "spring", sourceApp: "instagram" },
    };
    expect(await told({ proto: { extendedTextMessage: { text: "I want them", contextInfo } } })).toMatchObject({
      text: { message: "I want them" },
      externalAdReply: { title: "Shoes", sourceId: "120", ctwaClid: "clid", ref: "spring", sourceApp: "instagram" },
      adClick: { payload: base64("click"), signals: "signals", source: "FB_Ads", entryPoint: "ctwa_ad" },
    });
  });
});

test("a notice about a group that nobody here knows is told word for word", async () => {
  const { sandbox, own, group } = world;
  const content = [{ tag: "growth_locked", attrs: { expiration: "1800000000", type: "invite" } }];
  await sandbox.control.notify({ number: own, attrs: { from: group.jid, type: "w:gp2" }, content });
  const webhook = await world.webhook("the notice", ({ notification }) => notification === "GROUP_GROWTH_LOCKED");
  expect(webhook).toMatchObject({ notificationParameters: ["expiration=1800000000", "type=invite"], isGroup: true });
});

test("a notice about a group that says what it says in attributes only is told, too; one that says nothing is not", async () => {
  const { sandbox, own, group, contact } = world;
  const attrs = { from: group.jid, type: "w:gp2", participant: `${contact}@s.whatsapp.net` };
  await sandbox.control.notify({ number: own, attrs, content: [] });
  await sandbox.control.notify({ number: own, attrs: { ...attrs, history_mode: "all" }, content: [] });
  const webhook = await world.webhook("the notice", ({ notification }) => notification === "GROUP_OTHER");
  expect(webhook).toMatchObject({
    notificationParameters: ["history_mode=all"],
    participantPhone: contact,
    isGroup: true,
  });
  expect(world.webhooks().filter(({ notification }) => notification === "GROUP_OTHER")).toHaveLength(1);
});

test("what came without a body waits, and is told under the same id once the phone has given it", async () => {
  const { sandbox, contact, own } = world;
  const input = { number: contact, to: own, content: { text: "from an ad" }, placeholder: true } as const;
  const { messageIds } = await sandbox.control.contactSend(input, AbortSignal.timeout(30_000));
  const [id] = messageIds;
  await world.webhook(
    "the placeholder",
    ({ messageId, waitingMessage }) => messageId === id && waitingMessage === true,
  );
  const late = await world.webhook("its content", ({ messageId, text }) => messageId === id && text !== undefined);
  expect(late).toMatchObject({ waitingMessage: false, text: { message: "from an ad" }, phone: contact });
  expect(world.webhooks().filter(({ messageId }) => messageId === id)).toHaveLength(2);
});

describe("receipts of groups", () => {
  test("one receipt for several members becomes a status for each of them and each message", async () => {
    const { group, contact, other, sandbox } = world;
    const ids: string[] = [];
    for (const message of ["one", "two"])
      ids.push((await world.send("/send-text", { phone: group.phone, message })).messageId);
    await world.arrived(ids[1]!, other);
    for (const number of [contact, other]) await sandbox.control.receipt({ number, messageIds: ids, type: "read" });
    const read = () =>
      world
        .webhooks()
        .filter(({ status, type }) => status === "READ" && type === "MessageStatusCallback")
        .map(({ ids, participant, phone }) => `${String(ids)} ${String(participant)} ${String(phone)}`);
    const expected = ids.flatMap((id) => [contact, other].map((number) => `${id} ${number} ${group.phone}`));
    await expect.poll(() => read().toSorted(), { timeout: 10_000 }).toEqual(expected.toSorted());
    const received = world
      .webhooks()
      .filter(({ status, ids: of }) => status === "RECEIVED" && ids.includes(String(of)));
    expect(new Set(received.map(({ ids: of, participant }) => `${String(of)} ${String(participant)}`)).size).toBe(4);
  });
});
