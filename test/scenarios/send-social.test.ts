import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openScenario, type Scenario } from "./rig.ts";
import { type Body, contentOf, json, toolsOf } from "./social-tools.ts";

let world: Scenario;

beforeAll(async () => {
  world = await openScenario();
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const received = (...input: Parameters<ReturnType<typeof toolsOf>["received"]>) => toolsOf(world).received(...input);
const refusal = (path: string, body: Body) => toolsOf(world).refusal(path, body);

describe("reactions", () => {
  test("to a message of the contact, and taken back", async () => {
    const target = await received({ text: "look" });
    const { entry } = await world.send("/send-reaction", { messageId: target, reaction: "👍" });
    expect(entry).toMatchObject({ type: "reaction", text: "👍" });
    expect(contentOf(entry)["reactionMessage"]).toMatchObject({ key: { id: target, fromMe: false } });
    const back = await world.send("/send-remove-reaction", { messageId: target });
    expect(contentOf(back.entry)["reactionMessage"]).toMatchObject({ key: { id: target }, text: "" });
  });

  test("to a message of our own", async () => {
    const { messageId } = await world.send("/send-text", { message: "ours" });
    const { entry } = await world.send("/send-reaction", { messageId, reaction: "🎉" });
    expect(contentOf(entry)["reactionMessage"]).toMatchObject({ key: { id: messageId, fromMe: true } });
  });

  test("in a group the key names the author", async () => {
    const target = await received({ text: "hi all" }, { from: world.other, to: world.group.jid });
    const { entry } = await world.send("/send-reaction", {
      phone: world.group.phone,
      messageId: target,
      reaction: "🔥",
    });
    const { key } = contentOf(entry)["reactionMessage"] as { key: Record<string, unknown> };
    const bob = world.sandbox.control.state().contacts.find(({ number }) => number === world.other);
    expect(key).toEqual({ remoteJid: world.group.jid, fromMe: false, id: target, participant: `${bob?.lid}@lid` });
  });

  test("to a message that is not stored: the sender decides, and without one it is refused", async () => {
    const unknown = { messageId: "3EB0NOTSTORED", reaction: "👀" };
    const { entry } = await world.send("/send-reaction", { ...unknown, sender: world.contact });
    expect(contentOf(entry)["reactionMessage"]).toMatchObject({ key: { id: "3EB0NOTSTORED", fromMe: false } });
    expect(await refusal("/send-reaction", unknown)).toContain("sender");
  });
});

describe("pins", () => {
  test.each<[name: string, body: Body, pin: Body, seconds: number]>([
    ["Z-API: for a month", { messageAction: "pin", pinMessageDuration: "30_days" }, { type: "PIN_FOR_ALL" }, 2_592_000],
    ["Z-API: for a day", { messageAction: "pin", pinMessageDuration: "24_hours" }, { type: "PIN_FOR_ALL" }, 86_400],
    ["Z-API: taken down", { messageAction: "unpin" }, { type: "UNPIN_FOR_ALL" }, 0],
    ["the switch: pinned", { pin: true }, { type: "PIN_FOR_ALL" }, 604_800],
    ["the switch: taken down", { pin: false }, { type: "UNPIN_FOR_ALL" }, 0],
  ])("%s", async (_name, body, pin, seconds) => {
    const target = await received({ text: "on top" });
    const { entry } = await world.send("/pin-message", { messageId: target, ...body });
    expect(entry.type).toBe("pin");
    expect(contentOf(entry)["pinInChatMessage"]).toMatchObject({ ...pin, key: { id: target, fromMe: false } });
    const { messageAddOnDurationInSecs = 0 } = contentOf(entry)["messageContextInfo"] ?? {};
    expect(messageAddOnDurationInSecs).toBe(seconds);
  });
});

describe("polls", () => {
  const poll = { message: "Lunch?", poll: [{ name: "Pizza" }, { name: "Salad" }, { name: "Soup" }] };

  test.each<[name: string, max: Body, field: string, count: number]>([
    ["any number of options", {}, "pollCreationMessage", 0],
    ["at most two", { pollMaxOptions: 2 }, "pollCreationMessage", 2],
    ["a single one", { pollMaxOptions: 1 }, "pollCreationMessageV3", 1],
  ])("%s", async (_name, max, field, count) => {
    const { entry } = await world.send("/send-poll", { ...poll, ...max });
    expect(entry).toMatchObject({ type: "poll", text: "Lunch?" });
    expect(contentOf(entry)[field]).toMatchObject({
      name: "Lunch?",
      options: [{ optionName: "Pizza" }, { optionName: "Salad" }, { optionName: "Soup" }],
    });
    expect(contentOf(entry)[field]?.["selectableOptionsCount"] ?? 0).toBe(count);
    expect(entry.nodes).toContainEqual(expect.objectContaining({ tag: "meta", attrs: { polltype: "creation" } }));
  });

  test("the vote of a contact in a poll of ours is read", async () => {
    const { messageId } = await world.send("/send-poll", poll);
    const vote = await world.receive({ pollVote: { messageId, options: ["Salad"] } });
    const hook = await world.webhook("the vote", (body) => body["messageId"] === vote);
    expect(hook["pollVote"]).toMatchObject({ pollMessageId: messageId, options: [{ name: "Salad" }] });
  });

  const votes: readonly (readonly [name: string, body: (pollId: string) => Body])[] = [
    ["Z-API", (pollMessageId) => ({ pollMessageId, pollVote: [{ name: "Pizza" }, { name: "Soup" }] })],
    ["the Go system", (pollId) => ({ pollId, pollSender: "5511988887777", options: ["Pizza", "Soup"] })],
  ];
  const chats: readonly (readonly [chat: string, from: () => { to?: string; from?: string }, phone: () => string])[] = [
    ["with one person", () => ({}), () => world.contact],
    ["of a group", () => ({ to: world.group.jid }), () => world.group.phone],
  ];
  for (const [chat, from, phone] of chats) {
    test.each(votes)(`our vote in a poll ${chat}, as %s writes it`, async (_name, body) => {
      const question = await received(
        { poll: { question: "Lunch?", options: ["Pizza", "Salad", "Soup"], multiple: true } },
        from(),
      );
      const { entry } = await world.send("/send-poll-vote", { phone: phone(), ...body(question) });
      expect(entry.type).toBe("pollVote");
      expect(entry.opened).toEqual({ messageId: question, options: ["Pizza", "Soup"] });
      expect(entry.nodes).toContainEqual(expect.objectContaining({ tag: "meta", attrs: { polltype: "vote" } }));
      const back = await world.send("/send-poll-vote", { phone: phone(), pollMessageId: question, pollVote: [] });
      expect(back.entry.opened).toEqual({ messageId: question, options: [] });
    });
  }

  test("our vote in a poll that came under a LID", async () => {
    const { messageIds } = await world.sandbox.control.contactSend(
      {
        number: world.contact,
        to: world.own,
        addressing: "lid",
        content: { poll: { question: "?", options: ["Yes", "No"] } },
      },
      new AbortController().signal,
    );
    const question = messageIds[0]!;
    await world.webhook("the poll", (body) => body["messageId"] === question);
    const { entry } = await world.send("/send-poll-vote", { pollMessageId: question, pollVote: [{ name: "No" }] });
    expect(entry.opened).toEqual({ messageId: question, options: ["No"] });
  });

  test("our vote in a group that names its members by number, and in a poll of our own there", async () => {
    const { control } = world.sandbox;
    const participants = [world.own, world.contact];
    const group = await control.createGroup({ subject: "Old", participants, addressing: "pn" });
    const question = await received({ poll: { question: "?", options: ["Yes", "No"] } }, { to: group.id });
    const vote = { phone: group.id, pollMessageId: question, pollVote: [{ name: "Yes" }] };
    expect((await world.send("/send-poll-vote", vote)).entry.opened).toEqual({ messageId: question, options: ["Yes"] });
    const own = await world.send("/send-poll", { phone: group.id, ...poll });
    const ours = { phone: group.id, pollMessageId: own.messageId, pollVote: [{ name: "Soup" }] };
    expect((await world.send("/send-poll-vote", ours)).entry.opened).toMatchObject({ options: ["Soup"] });
  });

  test("our vote in a poll of our own, in private and in a group of today", async () => {
    for (const phone of [world.contact, world.group.phone]) {
      const { messageId } = await world.send("/send-poll", { phone, ...poll });
      const vote = { phone, pollMessageId: messageId, pollVote: [{ name: "Soup" }] };
      const { entry } = await world.send("/send-poll-vote", vote);
      expect(entry.opened).toEqual({ messageId, options: ["Soup"] });
    }
  });

  test.each<[name: string, vote: (id: string) => Body, says: string]>([
    ["an option that is not there", (id) => ({ pollMessageId: id, pollVote: [{ name: "Fish" }] }), '"Fish"'],
    ["more than it takes", (id) => ({ pollMessageId: id, pollVote: ["Yes", "No"] }), "at most 1"],
    ["a poll nobody stored", () => ({ pollMessageId: "3EB0NOPOLL", pollVote: ["Yes"] }), "not stored"],
  ])("a vote for %s is refused", async (_name, vote, says) => {
    const question = await received({ poll: { question: "?", options: ["Yes", "No"] } });
    expect(await refusal("/send-poll-vote", vote(question))).toContain(says);
  });

  test("a message that is no poll takes no vote", async () => {
    const text = await received({ text: "no poll" });
    expect(await refusal("/send-poll-vote", { pollMessageId: text, pollVote: ["Yes"] })).toContain("no poll");
  });
});

describe("forwards", () => {
  test.each(["messagePhone", "fromPhone", "sourceChat"])("a text; the chat it is in is %s", async (name) => {
    const target = await received({ text: "pass it on" });
    const { entry } = await world.send(
      "/forward-message",
      { phone: world.other, messageId: target, [name]: world.contact },
      { to: world.other },
    );
    expect(entry).toMatchObject({ type: "text", text: "pass it on" });
    expect(contentOf(entry)["extendedTextMessage"]).toMatchObject({
      contextInfo: { isForwarded: true, forwardingScore: 1 },
    });
  });

  test("counts how often, and leaves the quote behind", async () => {
    const first = await received({ text: "once more", forwarded: true, reply: await received({ text: "quoted" }) });
    const { entry } = await world.send(
      "/forward-message",
      { messageId: first, phone: world.other },
      { to: world.other },
    );
    expect(contentOf(entry)["extendedTextMessage"]?.["contextInfo"]).toEqual({ isForwarded: true, forwardingScore: 2 });
  });

  test("a picture keeps its place at WhatsApp, out of whatever it was wrapped in", async () => {
    const target = await received({
      proto: {
        ephemeralMessage: {
          message: {
            imageMessage: {
              url: "https://mmg.whatsapp.net/a",
              directPath: "/v/a",
              mediaKey: Buffer.alloc(32, 1).toString("base64"),
              fileSha256: Buffer.alloc(32, 2).toString("base64"),
              fileEncSha256: Buffer.alloc(32, 3).toString("base64"),
              fileLength: "10",
              mimetype: "image/jpeg",
              caption: "sea",
            },
          },
        },
      },
    });
    const { entry } = await world.send(
      "/forward-message",
      { messageId: target, phone: world.other },
      { to: world.other },
    );
    expect(contentOf(entry)["imageMessage"]).toMatchObject({
      directPath: "/v/a",
      mediaKey: Buffer.alloc(32, 1).toString("base64"),
      caption: "sea",
      contextInfo: { isForwarded: true, forwardingScore: 1 },
    });
    expect(entry.content).not.toHaveProperty("ephemeralMessage");
  });

  test("one of ours that was edited goes on with its new text", async () => {
    const { messageId } = await world.send("/send-text", { message: "tpyo" });
    await world.send("/send-text", { message: "typo", editMessageId: messageId });
    const { entry } = await world.send("/forward-message", { messageId, phone: world.other }, { to: world.other });
    expect(entry.text).toBe("typo");
    const quoting = await world.send("/send-text", { message: "see above", messageId });
    expect(json(contentOf(quoting.entry)["extendedTextMessage"])).toMatchObject({
      contextInfo: { stanzaId: messageId, quotedMessage: { extendedTextMessage: { text: "typo" } } },
    });
  });

  test("a document of ours whose caption was changed goes on with the new one", async () => {
    const document = `data:text/plain;base64,${Buffer.from("hello").toString("base64")}`;
    const first = await world.send("/send-document/txt", { document, fileName: "a.txt", caption: "old" });
    await world.send("/send-document/txt", { editDocumentMessageId: first.messageId, caption: "new" });
    const { messageId } = first;
    const { entry } = await world.send("/forward-message", { messageId, phone: world.other }, { to: world.other });
    expect(entry.media).toMatchObject({ kind: "document", caption: "new", directPath: first.entry.media?.directPath });
    expect(await world.bytesOf(entry)).toEqual(Buffer.from("hello"));
  });

  test("a poll that is forwarded is a poll of its own", async () => {
    const target = await received({ poll: { question: "?", options: ["Yes", "No"] } });
    const { messageId } = await world.send(
      "/forward-message",
      { messageId: target, phone: world.other },
      { to: world.other },
    );
    const vote = await world.receive({ pollVote: { messageId, options: ["No"] } }, { from: world.other });
    const hook = await world.webhook("the vote", (body) => body["messageId"] === vote);
    expect(hook["pollVote"]).toMatchObject({ pollMessageId: messageId, options: [{ name: "No" }] });
  });

  test.each<[name: string, content: Parameters<Scenario["receive"]>[0], says: string]>([
    [
      "that may be opened once",
      {
        proto: {
          viewOnceMessageV2: {
            message: {
              imageMessage: {
                url: "https://mmg.whatsapp.net/b",
                directPath: "/v/b",
                mediaKey: Buffer.alloc(32).toString("base64"),
                mimetype: "image/jpeg",
                viewOnce: true,
              },
            },
          },
        },
      },
      "opened once",
    ],
    [
      "that is a choice of a button",
      { proto: { buttonsResponseMessage: { selectedButtonId: "1", selectedDisplayText: "One" } } },
      "kind",
    ],
  ])("one %s is refused", async (_name, content, says) => {
    const target = await received(content);
    expect(await refusal("/forward-message", { messageId: target, phone: world.other })).toContain(says);
  });

  test("one that is not stored, or in another chat, is refused", async () => {
    expect(await refusal("/forward-message", { messageId: "3EB0GONE", messagePhone: world.contact })).toContain(
      "not stored",
    );
    const target = await received({ text: "private" });
    expect(await refusal("/forward-message", { messageId: target, messagePhone: world.group.phone })).toContain(
      "not in that chat",
    );
  });
});

test("everything keeps its order: a poll, our vote in it, a pin and a reaction, sent without waiting", async () => {
  const poll = await world.ask("POST", "/send-poll", {
    phone: world.contact,
    message: "Order?",
    poll: [{ name: "A" }, { name: "B" }],
  });
  const pollId = poll.body["messageId"];
  const sent = [poll];
  for (const [path, body] of [
    ["/send-poll-vote", { pollMessageId: pollId, pollVote: [{ name: "B" }] }],
    ["/pin-message", { messageId: pollId, messageAction: "pin" }],
    ["/send-reaction", { messageId: pollId, reaction: "✅" }],
  ] as const) {
    sent.push(await world.ask("POST", path, { phone: world.contact, ...body }));
  }
  const ids = sent.map(({ body }) => String(body["messageId"]));
  const last = await world.arrived(ids[3]!);
  expect(last.type).toBe("reaction");
  const inbox = await world.inbox();
  expect(inbox.filter(({ messageId }) => ids.includes(messageId)).map(({ messageId }) => messageId)).toEqual(ids);
  expect(inbox.find(({ messageId }) => messageId === ids[1])?.opened).toMatchObject({ options: ["B"] });
});
