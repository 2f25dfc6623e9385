import { proto } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContentBody } from "#sandbox/content-body.ts";
import { contentCodec } from "#sandbox/content/codec.ts";
import type { MediaStation } from "#sandbox/media/media-station.ts";
import { chat, peer } from "./chat.ts";
import { contextOf, openStation } from "./support.ts";

let setup: Awaited<ReturnType<typeof openStation>>;
let media: MediaStation;
beforeAll(async () => {
  setup = await openStation();
  media = setup.station;
});
afterAll(async () => setup[Symbol.asyncDispose]());

const build = async (body: unknown) => contentCodec.toMessage(body as ContentBody, contextOf(media, chat));

describe("toMessage", () => {
  it.each<
    [string, ContentBody, Record<string, unknown>, { type: string; text?: string; stanza: string; edit?: string }]
  >([
    ["text", { text: "hi" }, { conversation: "hi" }, { type: "text", text: "hi", stanza: "text" }],
    [
      "location",
      { location: { latitude: -23.5, longitude: -46.6, name: "SP", address: "Sé" } },
      { locationMessage: { degreesLatitude: -23.5, degreesLongitude: -46.6, name: "SP", address: "Sé" } },
      { type: "location", text: "SP", stanza: "media" },
    ],
    [
      "live location",
      { location: { latitude: 1, longitude: 2, live: true } },
      { liveLocationMessage: { degreesLatitude: 1, degreesLongitude: 2 } },
      { type: "liveLocation", stanza: "media" },
    ],
    [
      "contact",
      { contact: { name: "Ana, B", phone: "+55 11 9999" } },
      {
        contactMessage: {
          displayName: "Ana, B",
          vcard: expect.stringMatching(/FN:Ana\\, B\nTEL;type=CELL;waid=55119999:\+55119999\n/),
        },
      },
      { type: "contact", text: "Ana, B", stanza: "media" },
    ],
    [
      "contacts",
      {
        contacts: [
          { name: "A", phone: "1" },
          { name: "B", phone: "2" },
        ],
      },
      { contactsArrayMessage: { displayName: "2 contacts", contacts: [{ displayName: "A" }, { displayName: "B" }] } },
      { type: "contacts", text: "2 contacts", stanza: "media" },
    ],
    [
      "poll with one answer",
      { poll: { question: "Q", options: ["a", "b"] } },
      {
        pollCreationMessageV3: {
          name: "Q",
          options: [{ optionName: "a" }, { optionName: "b" }],
          selectableOptionsCount: 1,
        },
      },
      { type: "poll", text: "Q", stanza: "poll" },
    ],
    [
      "poll with many answers",
      { poll: { question: "Q", options: ["a", "b"], multiple: true } },
      { pollCreationMessage: { selectableOptionsCount: 0 }, messageContextInfo: { messageSecret: expect.any(String) } },
      { type: "poll", text: "Q", stanza: "poll" },
    ],
    [
      "reaction",
      { reaction: { messageId: "THEIRS", emoji: "👍" } },
      {
        reactionMessage: {
          key: { id: "THEIRS", remoteJid: peer, fromMe: false },
          text: "👍",
          senderTimestampMs: "1700000000000",
        },
      },
      { type: "reaction", text: "👍", stanza: "reaction" },
    ],
    [
      "reaction taken back",
      { reaction: { messageId: "THEIRS", emoji: "" } },
      { reactionMessage: { text: "" } },
      { type: "reaction", text: "", stanza: "reaction" },
    ],
    [
      "edit of a text",
      { edit: { messageId: "MINE", text: "hello" } },
      {
        editedMessage: {
          message: {
            protocolMessage: { key: { id: "MINE" }, type: "MESSAGE_EDIT", editedMessage: { conversation: "hello" } },
          },
        },
      },
      { type: "edit", text: "hello", stanza: "text", edit: "1" },
    ],
    [
      "edit of a caption",
      { edit: { messageId: "MINE-IMAGE", text: "new" } },
      {
        editedMessage: {
          message: { protocolMessage: { editedMessage: { imageMessage: { caption: "new", mimetype: "image/png" } } } },
        },
      },
      { type: "edit", text: "new", stanza: "text", edit: "1" },
    ],
    [
      "revoke",
      { revoke: { messageId: "MINE" } },
      { protocolMessage: { key: { id: "MINE", fromMe: true }, type: "REVOKE" } },
      { type: "revoke", stanza: "text", edit: "7" },
    ],
    [
      "button reply",
      { buttonReply: { messageId: "BUTTONS", id: "1", label: "Yes" } },
      {
        buttonsResponseMessage: {
          selectedButtonId: "1",
          selectedDisplayText: "Yes",
          contextInfo: { stanzaId: "BUTTONS", participant: peer },
        },
      },
      { type: "buttonReply", text: "Yes", stanza: "media" },
    ],
    [
      "button reply to a template",
      { buttonReply: { messageId: "TEMPLATE", id: "1", label: "Yes" } },
      { templateButtonReplyMessage: { selectedId: "1", selectedDisplayText: "Yes" } },
      { type: "buttonReply", text: "Yes", stanza: "text" },
    ],
    [
      "button reply to a native flow",
      { buttonReply: { messageId: "FLOW", id: "1", label: "Yes" } },
      {
        interactiveResponseMessage: {
          nativeFlowResponseMessage: { name: "quick_reply", paramsJson: expect.stringContaining('"id":"1"') },
        },
      },
      { type: "buttonReply", text: "Yes", stanza: "media" },
    ],
    [
      "list reply",
      { listReply: { messageId: "LIST", id: "r1", label: "Row" } },
      { listResponseMessage: { title: "Row", description: "the first", singleSelectReply: { selectedRowId: "r1" } } },
      { type: "listReply", text: "Row", stanza: "media" },
    ],
    [
      "list reply to a native flow",
      { listReply: { messageId: "FLOW", id: "r1", label: "Row" } },
      { interactiveResponseMessage: { nativeFlowResponseMessage: { name: "single_select" } } },
      { type: "listReply", text: "Row", stanza: "media" },
    ],
    [
      "event",
      { event: { name: "Party", startAt: 1_700_000_100_000, endAt: 1_700_000_200_000, location: { name: "Home" } } },
      {
        eventMessage: {
          name: "Party",
          startTime: "1700000100",
          endTime: "1700000200",
          location: { name: "Home" },
          isCanceled: false,
        },
      },
      { type: "event", text: "Party", stanza: "event" },
    ],
    [
      "proto",
      { proto: { groupInviteMessage: { groupJid: "1@g.us", inviteCode: "x", caption: "join" } } },
      { groupInviteMessage: { groupJid: "1@g.us", inviteCode: "x" } },
      { type: "groupInvite", text: "join", stanza: "media" },
    ],
    [
      "proto with bytes, enums and long numbers",
      { proto: { imageMessage: { mediaKey: "AQID", fileLength: "123" }, protocolMessage: { type: 14 } } },
      { imageMessage: { mediaKey: "AQID", fileLength: "123" }, protocolMessage: { type: "MESSAGE_EDIT" } },
      { type: "protocol", stanza: "media" },
    ],
    [
      "text with a reply",
      { text: "yes", reply: "THEIRS" },
      {
        extendedTextMessage: {
          text: "yes",
          contextInfo: { stanzaId: "THEIRS", participant: peer, quotedMessage: { conversation: "hello" } },
        },
      },
      { type: "text", text: "yes", stanza: "text" },
    ],
    [
      "text with everything else",
      { text: "yes", forwarded: true, mentions: ["5511955556666"], expiration: 86_400 },
      {
        extendedTextMessage: {
          contextInfo: {
            isForwarded: true,
            forwardingScore: 1,
            mentionedJid: ["5511955556666@s.whatsapp.net"],
            expiration: 86_400,
          },
        },
      },
      { type: "text", text: "yes", stanza: "text" },
    ],
  ])("%s: is built and described", async (name, body, content, described) => {
    const built = await build(body);
    // What travels is what encoding leaves of it.
    const received = proto.Message.decode(proto.Message.encode(built.message).finish());
    const description = contentCodec.describe(received);
    expect(description.content).toMatchObject(content);
    expect(built.stanzaType).toBe(described.stanza);
    expect(built.edit).toBe(described.edit);
    if (name.startsWith("proto with")) return;
    expect(description.type).toBe(described.type);
    expect(description.text).toBe(described.text);
  });

  it.each<[string, unknown, string, string]>([
    ["no content", {}, "invalid", "a content is missing"],
    ["two contents", { text: "a", image: {} }, "invalid", "only one content"],
    ["an unknown content", { texts: "a" }, "invalid", "does not know the content texts"],
    ["an unknown message", { reaction: { messageId: "X", emoji: "a" } }, "not_found", "no message X"],
    ["a reply to an unknown message", { text: "a", reply: "X" }, "not_found", "no message X"],
    ["an edit of somebody else's", { edit: { messageId: "THEIRS", text: "a" } }, "invalid", "only the author"],
    ["an edit of a sticker", { edit: { messageId: "STICKER", text: "a" } }, "invalid", "only texts and captions"],
    ["a revoke of somebody else's", { revoke: { messageId: "THEIRS" } }, "invalid", "only the author"],
    ["a vote for no poll", { pollVote: { messageId: "THEIRS", options: [] } }, "invalid", "is not a poll"],
    ["a vote for no option", { pollVote: { messageId: "POLL", options: ["Fish"] } }, "invalid", 'no option "Fish"'],
    ["a button that is not there", { buttonReply: { messageId: "FLOW", id: "2", label: "No" } }, "invalid", "id 2"],
    ["a row that is not there", { listReply: { messageId: "LIST", id: "r2", label: "No" } }, "invalid", "id r2"],
    ["two votes", { pollVote: { messageId: "ONE-POLL", options: ["Pizza", "Salad"] } }, "invalid", "one answer only"],
    [
      "a vote without secret",
      { pollVote: { messageId: "BARE-POLL", options: ["Pizza"] } },
      "not_supported",
      "no secret",
    ],
    ["a response to no event", { eventResponse: { messageId: "POLL", response: "going" } }, "invalid", "not an event"],
    ["one option", { poll: { question: "q", options: ["a"] } }, "invalid", "2 to 12"],
    ["equal options", { poll: { question: "q", options: ["a", "a"] } }, "invalid", "must differ"],
    ["a place off the globe", { location: { latitude: 91, longitude: 0 } }, "invalid", "latitude"],
    ["no contacts", { contacts: [] }, "invalid", "at least one"],
    ["a contact without digits", { contact: { name: "a", phone: "x" } }, "invalid", "digits"],
    ["an event backwards", { event: { name: "a", startAt: 2000, endAt: 1000 } }, "invalid", "cannot end"],
    ["an empty proto", { proto: {} }, "invalid", "empty"],
    [
      "an unknown proto field",
      { proto: { imageMessage: { captions: "a" } } },
      "invalid",
      "proto.imageMessage.captions",
    ],
    ["an unknown proto message", { proto: { imagesMessage: {} } }, "invalid", "proto.imagesMessage"],
    ["an unknown enum", { proto: { protocolMessage: { type: "NOPE" } } }, "invalid", "proto.protocolMessage.type"],
    ["a proto of wrong shape", { proto: { imageMessage: "a" } }, "invalid", "protobuf JSON"],
    [
      "an option that does not go",
      { reaction: { messageId: "MINE", emoji: "a" }, forwarded: true },
      "invalid",
      "forwarded does not go",
    ],
    ["media without bytes", { image: {} }, "invalid", "either path or base64"],
    ["media twice", { image: { path: "a", base64: "YQ==" } }, "invalid", "either path or base64"],
    ["a missing file", { image: { path: "/nonexistent/x" } }, "invalid", "cannot be read"],
    ["broken base64", { image: { base64: "%%" } }, "invalid", "not base64"],
    ["a caption on audio", { audio: { base64: "YQ==", caption: "a" } }, "invalid", "audio takes no caption"],
    ["ptt on an image", { image: { base64: "YQ==", ptt: true } }, "invalid", "image takes no ptt"],
    ["an unknown media field", { image: { base64: "YQ==", size: 1 } }, "invalid", "image takes no size"],
  ])("%s: is refused", async (_, body, code, message) => {
    await expect(build(body)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
