import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SampleFiles, serveSamples } from "./files.ts";
import { type Arrival, openScenario, type Scenario } from "./rig.ts";

/** From the request to what the recipient's device decrypts, and the bytes of the file that it gets. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
let samples: SampleFiles;
beforeAll(async () => {
  samples = parts.use(await serveSamples());
  scenario = parts.use(await openScenario());
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const url = (name: string): string => samples.url(name);
const dataUri = (name: string): string => samples.dataUri(name);
const bytesOf = (name: string): Buffer => samples.bytesOf(name);

/** A request, and what the message says of its file; what is not named does not matter. */
interface Case {
  readonly path: string;
  readonly body: () => Readonly<Record<string, unknown>>;
  /** Field of the message. */
  readonly field: string;
  readonly part: Readonly<Record<string, unknown>>;
  /** The file that comes out byte by byte; undefined for what is converted. */
  readonly same?: string;
}

const sent: readonly (readonly [name: string, sent: Case])[] = [
  [
    "a picture from an address",
    {
      path: "/send-image",
      body: () => ({ image: url("a.png"), caption: "one%0atwo" }),
      field: "imageMessage",
      part: { mimetype: "image/png", caption: "one\ntwo", width: 30, height: 20 },
      same: "a.png",
    },
  ],
  [
    "a picture as data",
    {
      path: "/send-image",
      body: () => ({ image: dataUri("a.png") }),
      field: "imageMessage",
      part: { mimetype: "image/png" },
      same: "a.png",
    },
  ],
  [
    "a picture that phones do not show",
    {
      path: "/send-image",
      body: () => ({ image: url("a.webp") }),
      field: "imageMessage",
      part: { mimetype: "image/jpeg", width: 30, height: 20 },
    },
  ],
  [
    "a video",
    {
      path: "/send-video",
      body: () => ({ video: url("a.mp4"), caption: "film" }),
      field: "videoMessage",
      part: { mimetype: "video/mp4", caption: "film", seconds: expect.any(Number), width: expect.any(Number) },
      same: "a.mp4",
    },
  ],
  [
    "a silent video that repeats",
    {
      path: "/send-gif",
      body: () => ({ gif: dataUri("a.mp4"), caption: "again" }),
      field: "videoMessage",
      part: { mimetype: "video/mp4", caption: "again", gifPlayback: true },
      same: "a.mp4",
    },
  ],
  [
    "a GIF",
    {
      path: "/send-gif",
      body: () => ({ gif: url("a.gif") }),
      field: "videoMessage",
      part: { mimetype: "video/mp4", gifPlayback: true },
    },
  ],
  [
    "a video note",
    {
      path: "/send-ptv",
      body: () => ({ ptv: url("a.mp4") }),
      field: "ptvMessage",
      part: { mimetype: "video/mp4", seconds: expect.any(Number) },
      same: "a.mp4",
    },
  ],
  [
    "a video note in the words of the other dialect",
    {
      path: "/send-ptv",
      body: () => ({ video: dataUri("a.mp4") }),
      field: "ptvMessage",
      part: { mimetype: "video/mp4" },
      same: "a.mp4",
    },
  ],
  [
    "a voice note",
    {
      path: "/send-audio",
      body: () => ({ audio: url("a.ogg"), delayTyping: 0 }),
      field: "audioMessage",
      part: { mimetype: "audio/ogg; codecs=opus", ptt: true, seconds: 2, waveform: expect.stringMatching(/^.{80,}$/) },
      same: "a.ogg",
    },
  ],
  [
    "a sound that becomes a voice note",
    {
      path: "/send-audio",
      body: () => ({ audio: dataUri("a.mp3") }),
      field: "audioMessage",
      part: { mimetype: "audio/ogg; codecs=opus", ptt: true, seconds: 2 },
    },
  ],
  [
    "a document with its type in the path",
    {
      path: "/send-document/pdf",
      body: () => ({ document: url("a.pdf"), fileName: "Bill", caption: "due" }),
      field: "documentMessage",
      part: { mimetype: "application/pdf", fileName: "Bill.pdf", title: "Bill.pdf", caption: "due", pageCount: 3 },
      same: "a.pdf",
    },
  ],
  [
    "a document whose type is found out",
    {
      path: "/send-document",
      body: () => ({ document: dataUri("a.pdf") }),
      field: "documentMessage",
      part: { mimetype: "application/pdf", fileName: "file.pdf", pageCount: 3 },
      same: "a.pdf",
    },
  ],
  [
    "a document that only its name tells",
    {
      path: "/send-document",
      body: () => ({ document: url("a.csv") }),
      field: "documentMessage",
      part: { mimetype: "text/csv", fileName: "a.csv" },
      same: "a.csv",
    },
  ],
  [
    "a sticker",
    {
      path: "/send-sticker",
      body: () => ({ sticker: url("a.png"), stickerAuthor: "Zoé" }),
      field: "stickerMessage",
      part: { mimetype: "image/webp", width: 512, height: 512, isAnimated: false },
    },
  ],
  [
    "a moving sticker",
    {
      path: "/send-sticker",
      body: () => ({ sticker: dataUri("a.gif") }),
      field: "stickerMessage",
      part: { mimetype: "image/webp", isAnimated: true },
    },
  ],
  [
    "a picture in the background",
    {
      path: "/send-image",
      body: () => ({ image: url("a.png"), async: true }),
      field: "imageMessage",
      part: { mimetype: "image/png", width: 30 },
      same: "a.png",
    },
  ],
  [
    "a sticker in the background",
    {
      path: "/send-sticker",
      body: () => ({ sticker: url("a.png"), stickerAuthor: "Zoé", async: true }),
      field: "stickerMessage",
      part: { mimetype: "image/webp" },
    },
  ],
];

const partOf = ({ entry }: Arrival, field: string): Readonly<Record<string, unknown>> =>
  entry.content[field] as Readonly<Record<string, unknown>>;

describe("the recipient gets the file, and what is said of it", () => {
  test.each(sent)("%s", async (_, { path, body, field, part, same }) => {
    const arrival = await scenario.send(path, body());
    expect(Object.keys(arrival.entry.content)).toEqual(expect.arrayContaining([field]));
    expect(partOf(arrival, field)).toMatchObject(part);
    const bytes = await scenario.bytesOf(arrival.entry);
    expect(Number(partOf(arrival, field)["fileLength"])).toBe(bytes.length);
    if (same !== undefined) expect(bytes.equals(bytesOf(same))).toBe(true);
  });

  test("pictures and films have a thumbnail, converted files can be decoded", async () => {
    const jpeg = await scenario.send("/send-image", { image: url("a.webp") });
    expect(await sharp(await scenario.bytesOf(jpeg.entry)).metadata()).toMatchObject({ format: "jpeg", width: 30 });
    const thumbnail = String(partOf(jpeg, "imageMessage")["jpegThumbnail"]);
    expect((await sharp(Buffer.from(thumbnail, "base64")).metadata()).format).toBe("jpeg");
    const sticker = await scenario.send("/send-sticker", { sticker: url("a.png"), stickerAuthor: "Zoé" });
    const made = await sharp(await scenario.bytesOf(sticker.entry)).metadata();
    expect(made).toMatchObject({ format: "webp", width: 512, height: 512 });
    expect(made.exif?.toString("utf8")).toContain('"sticker-pack-publisher":"Zoé"');
  });

  test("a voice note without the picture of its sound", async () => {
    const arrival = await scenario.send("/send-audio", { audio: url("a.ogg"), waveform: false });
    expect(partOf(arrival, "audioMessage")).toMatchObject({ ptt: true });
    expect(partOf(arrival, "audioMessage")).not.toHaveProperty("waveform");
  });

  test.each([
    ["a picture", "/send-image", "image", "a.png", "viewOnceMessage", "imageMessage"],
    ["a video", "/send-video", "video", "a.mp4", "viewOnceMessage", "videoMessage"],
    ["a video note", "/send-ptv", "ptv", "a.mp4", "viewOnceMessage", "ptvMessage"],
    ["a voice note", "/send-audio", "audio", "a.ogg", "viewOnceMessageV2Extension", "audioMessage"],
  ])("to be viewed once: %s", async (_, path, field, name, wrapper, part) => {
    const { entry } = await scenario.send(path, { [field]: url(name), viewOnce: true });
    expect(entry.content).toMatchObject({ [wrapper]: { message: { [part]: { viewOnce: true } } } });
    expect((await scenario.bytesOf(entry)).equals(bytesOf(name))).toBe(true);
  });
});

describe("a file is a message like any other", () => {
  test("it quotes and mentions", async () => {
    const first = await scenario.send("/send-text", { message: "which one?" });
    const answer = await scenario.send("/send-image", {
      image: url("a.png"),
      messageId: first.messageId,
      mentioned: [scenario.other],
    });
    expect(partOf(answer, "imageMessage")["contextInfo"]).toMatchObject({
      stanzaId: first.messageId,
      quotedMessage: { extendedTextMessage: { text: "which one?" } },
      mentionedJid: [`${scenario.other}@s.whatsapp.net`],
    });
  });

  test("it reaches a group, mentions everybody in it and other groups", async () => {
    const { other, group } = scenario;
    const body = {
      phone: group.phone,
      document: url("a.pdf"),
      mentionedAll: true,
      groupMentioned: [{ phone: group.phone, subject: "Team" }],
    };
    const arrival = await scenario.send("/send-document/pdf", body, { to: other });
    expect(arrival.entry.chat).toBe(group.jid);
    expect(partOf(arrival, "documentMessage")["contextInfo"]).toMatchObject({
      nonJidMentions: 1,
      groupMentions: [{ groupJid: group.jid, groupSubject: "Team" }],
    });
  });

  test("a private answer to what was written in a group", async () => {
    const { group, contact } = scenario;
    const messageId = await scenario.receive({ text: "how much?" }, { to: group.jid });
    await scenario.webhook("the question", (hook) => hook["messageId"] === messageId);
    const body = { phone: group.phone, image: url("a.png"), messageId, privateAnswer: true };
    const { entry } = await scenario.send("/send-image", body, { to: contact });
    expect(entry.chat).not.toBe(group.jid);
    expect(entry.content).toMatchObject({
      imageMessage: { contextInfo: { stanzaId: messageId, remoteJid: group.jid } },
    });
  });

  test.each([
    ["a file", "/send-image", () => ({ image: url("a.png") }), "imageMessage"],
    ["a file to be viewed once", "/send-audio", () => ({ audio: url("a.ogg"), viewOnce: true }), "audioMessage"],
    ["a text", "/send-text", () => ({ message: "soon gone" }), "extendedTextMessage"],
  ])("it disappears after a while: %s", async (_, path, body, part) => {
    const { entry } = await scenario.send(path, { ...body(), duration: 86_400 });
    const content = entry.content["viewOnceMessageV2Extension"] as { readonly message: object } | undefined;
    expect(content?.message ?? entry.content).toMatchObject({ [part]: { contextInfo: { expiration: 86_400 } } });
  });

  test("a quoted file shows what it was", async () => {
    const file = await scenario.send("/send-document/pdf", { document: url("a.pdf"), fileName: "Bill" });
    const { entry } = await scenario.send("/send-text", { message: "see above", messageId: file.messageId });
    expect(entry.content).toMatchObject({
      extendedTextMessage: { contextInfo: { quotedMessage: { documentMessage: { fileName: "Bill.pdf" } } } },
    });
  });

  test("the caption of a document changes, the file is not sent again", async () => {
    const file = await scenario.send("/send-document/pdf", { document: url("a.pdf"), caption: "old" });
    samples.asked();
    const body = { document: url("a.pdf"), caption: "new", editDocumentMessageId: file.messageId };
    const { entry } = await scenario.send("/send-document/pdf", body);
    expect(samples.asked()).toEqual([]);
    const before = partOf(file, "documentMessage");
    expect(entry.content).toMatchObject({
      protocolMessage: {
        type: "MESSAGE_EDIT",
        key: { id: file.messageId, fromMe: true },
        editedMessage: { documentMessage: { caption: "new", fileSha256: before["fileSha256"] } },
      },
    });
  });

  test.each([
    ["one that nobody knows", () => "3EB0UNKNOWN", "unknown"],
    [
      "one that is no document",
      async () => (await scenario.send("/send-text", { message: "x" })).messageId,
      "no document",
    ],
    [
      "one of somebody else",
      async () => {
        const messageId = await scenario.receive({ document: { base64: "YWJj", fileName: "a.txt" } });
        await scenario.webhook("the document", (hook) => hook["messageId"] === messageId);
        return messageId;
      },
      "of this account",
    ],
  ])("only a caption of an own document can change: not %s", async (_, target, error) => {
    const body = { phone: scenario.contact, caption: "new", editDocumentMessageId: await target() };
    const { messageId } = (await scenario.ask("POST", "/send-document", body)).body;
    const hook = await scenario.webhook(
      "of the failure",
      (one) => one["type"] === "DeliveryCallback" && one["messageId"] === messageId,
    );
    expect(hook["error"]).toContain(error);
  });

  test("the own webhook shows it", async () => {
    const { messageId } = await scenario.send("/send-image", { image: url("a.png"), caption: "mine" });
    const echo = await scenario.webhook(
      "of the own message",
      (hook) => hook["type"] === "ReceivedCallback" && hook["messageId"] === messageId,
    );
    expect(echo).toMatchObject({ fromMe: true, image: { caption: "mine", mimeType: "image/png" } });
  });
});
