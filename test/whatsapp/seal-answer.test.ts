import { randomBytes } from "node:crypto";
import { decryptEventResponse, decryptPollVote, proto } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { type Answer, openAnswer, sealAnswer } from "#whatsapp/send/seal-answer.ts";

const answer: Answer = {
  use: "Poll Vote",
  messageId: "3EB0QUESTION",
  authorJid: "1234@lid",
  answererJid: "5678@lid",
  secret: randomBytes(32),
};

test("Baileys reads our votes", () => {
  const selectedOptions = [randomBytes(32), randomBytes(32)];
  const sealed = sealAnswer(answer, proto.Message.PollVoteMessage.encode({ selectedOptions }).finish());
  const vote = decryptPollVote(sealed, {
    pollCreatorJid: answer.authorJid,
    pollMsgId: answer.messageId,
    pollEncKey: answer.secret,
    voterJid: answer.answererJid,
  });
  expect(vote.selectedOptions.map((hash) => Buffer.from(hash))).toEqual(selectedOptions);
});

test("Baileys reads our answers to events", () => {
  const { EventResponseType } = proto.Message.EventResponseMessage;
  const plain = proto.Message.EventResponseMessage.encode({ response: EventResponseType.MAYBE, extraGuestCount: 3 });
  const response = decryptEventResponse(sealAnswer({ ...answer, use: "Event Response" }, plain.finish()), {
    eventCreatorJid: answer.authorJid,
    eventMsgId: answer.messageId,
    eventEncKey: answer.secret,
    responderJid: answer.answererJid,
  });
  expect(response).toMatchObject({ response: EventResponseType.MAYBE, extraGuestCount: 3 });
});

test.each<[what: string, other: Partial<Answer>]>([
  ["another use", { use: "Event Edit" }],
  ["another message", { messageId: "3EB0OTHER" }],
  ["another author", { authorJid: "5678@s.whatsapp.net" }],
  ["another answerer", { answererJid: "5678@s.whatsapp.net" }],
  ["another secret", { secret: randomBytes(32) }],
])("nobody opens an answer as %s", (_what, other) => {
  const sealed = sealAnswer(answer, Buffer.from("hello"));
  expect(Buffer.from(openAnswer(answer, sealed)).toString()).toBe("hello");
  expect(() => openAnswer({ ...answer, ...other }, sealed)).toThrow(/authenticate/);
});
