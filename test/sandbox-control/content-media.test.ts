import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decryptEventResponse,
  decryptPollVote,
  downloadContentFromMessage,
  proto,
  type MediaType,
} from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContentBody, MediaBody } from "#sandbox/content-body.ts";
import { contentCodec } from "#sandbox/content/codec.ts";
import { unwrap } from "#sandbox/content/describe.ts";
import type { KnownMessage } from "#sandbox/content-codec.ts";
import { chat, peer, secret, sender } from "./chat.ts";
import type { MediaStation } from "#sandbox/media/media-station.ts";
import { collect, contextOf, openStation } from "./support.ts";

const { Type: Protocol } = proto.Message.ProtocolMessage;

let setup: Awaited<ReturnType<typeof openStation>>;
let media: MediaStation;
beforeAll(async () => {
  setup = await openStation();
  media = setup.station;
});
afterAll(async () => setup[Symbol.asyncDispose]());

const build = async (body: unknown) => contentCodec.toMessage(body as ContentBody, contextOf(media, chat));

describe("toMessage: media and secret answers", () => {
  it.each<[string, ContentBody, MediaType, Record<string, unknown>]>([
    [
      "image",
      { image: { base64: "", caption: "c", width: 2, height: 1 } },
      "image",
      { imageMessage: { caption: "c", mimetype: "image/jpeg", width: 2 } },
    ],
    [
      "video",
      { video: { base64: "", gif: true, seconds: 3 } },
      "video",
      { videoMessage: { gifPlayback: true, seconds: 3 } },
    ],
    [
      "voice note",
      { audio: { base64: "", ptt: true } },
      "audio",
      { audioMessage: { ptt: true, mimetype: "audio/ogg; codecs=opus" } },
    ],
    [
      "document",
      { document: { base64: "", fileName: "a.pdf", mimetype: "application/pdf" } },
      "document",
      { documentMessage: { fileName: "a.pdf" } },
    ],
    [
      "document with caption",
      { document: { base64: "", fileName: "a.pdf", caption: "c" } },
      "document",
      { documentWithCaptionMessage: { message: { documentMessage: { caption: "c" } } } },
    ],
    ["sticker", { sticker: { base64: "" } }, "sticker", { stickerMessage: { mimetype: "image/webp" } }],
    ["ptv", { ptv: { base64: "" } }, "video", { ptvMessage: {} }],
    [
      "view-once image as a forwarded reply",
      { image: { base64: "", viewOnce: true }, reply: "THEIRS", forwarded: true },
      "image",
      {
        viewOnceMessageV2: {
          message: { imageMessage: { viewOnce: true, contextInfo: { stanzaId: "THEIRS", isForwarded: true } } },
        },
      },
    ],
    [
      "view-once voice note",
      { audio: { base64: "", ptt: true, viewOnce: true } },
      "audio",
      { viewOnceMessageV2Extension: { message: { audioMessage: { viewOnce: true } } } },
    ],
  ])("%s: Baileys downloads what was given", async (_, body, type, content) => {
    const plain = randomBytes(10_000);
    const [key] = Object.keys(body) as [keyof typeof body];
    const given = { ...body, [key]: { ...(body[key] as MediaBody), base64: plain.toString("base64") } };
    const built = await build(given);
    const received = proto.Message.decode(proto.Message.encode(built.message).finish());
    const description = contentCodec.describe(received);
    expect(description.content).toMatchObject(content);
    expect(description.media).toMatchObject({
      kind: key,
      fileLength: 10_000,
      sha256: createHash("sha256").update(plain).digest("base64"),
    });
    const inner = Object.values(unwrap(received)).find((part) => part?.mediaKey) as proto.Message.IImageMessage;
    const stream = await downloadContentFromMessage(
      { mediaKey: inner.mediaKey!, url: `${media.url}${inner.directPath}` },
      type,
    );
    expect(plain.equals(await collect(stream))).toBe(true);
    expect(built.stanzaType).toBe("media");
  });

  it("media by path: the file is read and names the document", async () => {
    const directory = await mkdtemp(join(tmpdir(), "content-test-"));
    await writeFile(join(directory, "report.txt"), "hello");
    const { message } = await build({ document: { path: join(directory, "report.txt"), mimetype: "text/plain" } });
    await rm(directory, { recursive: true });
    expect(message.documentMessage).toMatchObject({ fileName: "report.txt", mimetype: "text/plain", fileLength: 5 });
  });

  it("revoke in a group: an admin revokes another's message", async () => {
    const group = "1203@g.us";
    const theirs: KnownMessage = {
      key: { remoteJid: group, fromMe: false, id: "G", participant: peer },
      authorJid: peer,
      message: { conversation: "x" },
    };
    const context = { ...contextOf(media, [theirs]), chatJid: group };
    const built = await contentCodec.toMessage({ revoke: { messageId: "G" } }, context);
    expect(built.edit).toBe("8");
    expect(built.message.protocolMessage?.key).toMatchObject({ participant: peer, fromMe: false });
  });

  it("pollVote: the author of the poll reads the vote", async () => {
    const { message } = await build({ pollVote: { messageId: "POLL", options: ["Salad"] } });
    const { pollCreationMessageKey: key, vote } = message.pollUpdateMessage!;
    const read = decryptPollVote(vote!, {
      pollCreatorJid: peer,
      pollMsgId: key!.id!,
      pollEncKey: secret,
      voterJid: sender,
    });
    expect(read.selectedOptions.map((hash) => Buffer.from(hash).toString("hex"))).toEqual([
      createHash("sha256").update("Salad").digest("hex"),
    ]);
  });

  it.each([
    ["going", 1],
    ["notGoing", 2],
    ["maybe", 3],
  ] as const)("eventResponse: the author of the event reads %s", async (response, number) => {
    const { message } = await build({ eventResponse: { messageId: "EVENT", response } });
    const read = decryptEventResponse(message.encEventResponseMessage!, {
      eventCreatorJid: peer,
      eventMsgId: "EVENT",
      eventEncKey: secret,
      responderJid: sender,
    });
    expect(read.response).toBe(number);
  });
});

describe("describe", () => {
  it.each<[proto.IMessage, string, string | undefined]>([
    [{ ephemeralMessage: { message: { extendedTextMessage: { text: "a" } } } }, "text", "a"],
    [{ deviceSentMessage: { destinationJid: peer, message: { conversation: "a" } } }, "text", "a"],
    [{ protocolMessage: { type: Protocol.MESSAGE_EDIT, editedMessage: { conversation: "b" } } }, "edit", "b"],
    [{ protocolMessage: { type: Protocol.EPHEMERAL_SETTING } }, "ephemeralSetting", undefined],
    [{ protocolMessage: { type: Protocol.HISTORY_SYNC_NOTIFICATION } }, "protocol", undefined],
    [{ buttonsMessage: { contentText: "pick" } }, "buttons", "pick"],
    [{ listMessage: { description: "pick" } }, "list", "pick"],
    [{ viewOnceMessage: { message: { interactiveMessage: { body: { text: "pick" } } } } }, "interactive", "pick"],
    [{ pinInChatMessage: {} }, "pin", undefined],
    [{ productMessage: {} }, "product", undefined],
    [{ messageContextInfo: { messageSecret: secret }, conversation: "a" }, "text", "a"],
    [{}, "empty", undefined],
  ])("%o: is a %s", (message, type, text) => {
    expect(contentCodec.describe(message)).toMatchObject({ type, ...(text !== undefined && { text }) });
  });
});
