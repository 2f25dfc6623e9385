import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture } from "../media/temp-dir.ts";
import { startWeb, type Web } from "../media/web.ts";
import { openScenario, type Scenario } from "./rig.ts";

/** Posts to the status and answers to those of others, as the people who may see them get them. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
let web: Web;
let files: Readonly<Record<string, Buffer>> = {};
const stranger = "5511966665555";
const largeBytes = 10 * 1_048_576 + 1;

beforeAll(async () => {
  const picture = sharp({ create: { width: 30, height: 20, channels: 3, background: "teal" } });
  const film = await readFile(fixture("film.mp4"));
  files = {
    "a.png": await picture.png().toBuffer(),
    "a.mp4": film,
    // A film with a box of nothing behind it.
    "large.mp4": Buffer.concat([film, freeBox(largeBytes - film.length)]),
    "a.ogg": await readFile(fixture("tone.ogg")),
  };
  web = parts.use(
    await startWeb((request, response) => {
      const file = files[(request.url ?? "").slice(1)];
      if (file === undefined) return void response.writeHead(404).end();
      response.writeHead(200, { "content-length": file.length }).end(file);
    }),
  );
  scenario = parts.use(await openScenario());
  // Without a name the sandbox does not put her into the phone's address book.
  await scenario.sandbox.control.addContact({ number: stranger });
  for (const from of [scenario.contact, scenario.other]) await greeting(from);
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

/** Somebody writes, and the server knows it. */
async function greeting(from: string): Promise<void> {
  const messageId = await scenario.receive({ text: "hello" }, { from });
  await scenario.webhook("the greeting", (hook) => hook["messageId"] === messageId);
}

const url = (name: string): string => web.url(`/${name}`);

interface Post {
  readonly path: string;
  readonly body: () => Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
  /** The file that comes out. */
  readonly same?: string;
}

const posts: readonly (readonly [name: string, post: Post])[] = [
  [
    "a text",
    {
      path: "/send-text-status",
      body: () => ({ message: "one%0atwo", backgroundColor: "#1F7AEC", font: 3 }),
      content: { extendedTextMessage: { text: "one\ntwo", backgroundArgb: 0xff1f7aec, font: "SYSTEM_BOLD" } },
    },
  ],
  [
    "a text in the words of the other dialect",
    {
      path: "/send-text-status",
      body: () => ({ text: "plain", backgroundColor: "0x80FF0000", font: 99 }),
      content: { extendedTextMessage: { text: "plain", backgroundArgb: 0x80ff0000, font: "CALISTOGA_REGULAR" } },
    },
  ],
  [
    "a picture",
    {
      path: "/send-image-status",
      body: () => ({ image: url("a.png"), caption: "seen" }),
      content: { imageMessage: { caption: "seen", mimetype: "image/png", width: 30 } },
      same: "a.png",
    },
  ],
  [
    "a video",
    {
      path: "/send-video-status",
      body: () => ({ video: url("a.mp4"), caption: "moving" }),
      content: { videoMessage: { caption: "moving", mimetype: "video/mp4" } },
      same: "a.mp4",
    },
  ],
  [
    "a voice note",
    {
      path: "/send-audio-status",
      body: () => ({ audio: url("a.ogg"), backgroundColor: "#000000" }),
      content: { audioMessage: { ptt: true, backgroundArgb: 0xff000000 } },
      same: "a.ogg",
    },
  ],
];

describe("a post reaches those whom the instance knows, and nobody else", () => {
  test.each(posts)("%s", async (_, { path, body, content, same }) => {
    const { entry, messageId } = await scenario.send(path, body());
    expect(entry).toMatchObject({ chat: "status@broadcast", from: scenario.own });
    expect(entry.content).toMatchObject(content);
    if (same !== undefined) expect((await scenario.bytesOf(entry)).equals(files[same]!)).toBe(true);
    await scenario.arrived(messageId, scenario.other);
    expect(await scenario.inbox(stranger)).not.toContainEqual(expect.objectContaining({ messageId }));
  });

  test("a video of more than 10 MB is refused, now or when it is fetched", async () => {
    const body = { video: url("large.mp4") };
    expect(await scenario.ask("POST", "/send-video-status", body)).toMatchObject({
      status: 413,
      body: { code: "payload_too_large" },
    });
    const later = await scenario.ask("POST", "/send-video-status", { ...body, async: true });
    const { messageId } = later.body;
    const hook = await scenario.webhook(
      "of the failure",
      (one) => one["type"] === "DeliveryCallback" && one["messageId"] === messageId,
    );
    expect(hook["error"]).toMatch(/larger|large/);
  });

  test.each([
    ["a colour that is none", { message: "x", backgroundColor: "blue" }],
    ["no text", { backgroundColor: "#000000" }],
  ])("%s is refused", async (_, body) => {
    expect((await scenario.ask("POST", "/send-text-status", body)).status).toBe(400);
  });
});

const answers: readonly (readonly [
  name: string,
  path: string,
  body: () => Readonly<Record<string, unknown>>,
  field: string,
])[] = [
  ["a text", "/reply-status-text", () => ({ message: "nice" }), "extendedTextMessage"],
  ["a silent video", "/reply-status-gif", () => ({ gif: url("a.mp4") }), "videoMessage"],
  ["a sticker", "/reply-status-sticker", () => ({ sticker: url("a.png") }), "stickerMessage"],
];

describe("an answer to a status goes to its author and quotes it", () => {
  let statusMessageId = "";
  beforeAll(async () => {
    statusMessageId = await scenario.receive({ text: "on holiday" }, { to: "status@broadcast" });
    await scenario.webhook("the status", (hook) => hook["messageId"] === statusMessageId);
  });

  test.each(answers)("%s", async (_, path, body, field) => {
    const { entry } = await scenario.send(path, { ...body(), statusMessageId });
    expect(entry.chat).not.toBe("status@broadcast");
    expect(entry.content).toMatchObject({
      [field]: {
        contextInfo: {
          stanzaId: statusMessageId,
          remoteJid: "status@broadcast",
          quotedMessage: { conversation: "on holiday" },
        },
      },
    });
  });

  test("one that is not stored is quoted by its id", async () => {
    const { entry } = await scenario.send("/reply-status-text", { message: "late", statusMessageId: "3EB0UNKNOWN" });
    expect(entry.content).toMatchObject({
      extendedTextMessage: {
        contextInfo: {
          stanzaId: "3EB0UNKNOWN",
          remoteJid: "status@broadcast",
          participant: `${scenario.contact}@s.whatsapp.net`,
        },
      },
    });
  });
});

test("somebody who has written sees later posts", async () => {
  const number = "5511955554444";
  await scenario.sandbox.control.addContact({ number });
  await greeting(number);
  await scenario.send("/send-text-status", { message: "for you, too" }, { to: number });
});

test("the owner's own phone has the post, too: it can take it back", async () => {
  const { messageId } = await scenario.send("/send-text-status", { message: "for a moment" });
  const { signal } = new AbortController();
  const revoke = { number: scenario.own, to: "status@broadcast", content: { revoke: { messageId } } };
  await expect(scenario.sandbox.control.phoneSend(revoke, signal)).resolves.toBeDefined();
});

/** A box of an MP4 that players skip. */
function freeBox(bytes: number): Buffer {
  const box = Buffer.alloc(bytes);
  box.writeUInt32BE(bytes, 0);
  box.write("free", 4, "latin1");
  return box;
}
