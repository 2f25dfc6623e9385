import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { basename } from "node:path";
import type { proto } from "@whiskeysockets/baileys";
import type { MediaBody, MediaKind } from "../content-body.ts";
import type { ContentContext } from "../content-codec.ts";
import { encryptMedia, type Bytes, type EncryptedFacts } from "../media/media-crypto.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { Built, ContentBuilder } from "./builder.ts";

/** The kinds of media message: encrypted, put on the media server, and referred to. */
export const mediaContents = {
  image: builderOf("image"),
  video: builderOf("video"),
  audio: builderOf("audio"),
  document: builderOf("document"),
  sticker: builderOf("sticker"),
  ptv: builderOf("ptv"),
} satisfies { readonly [K in MediaKind]: ContentBuilder<K> };

interface KindRules {
  readonly mimetype: string;
  /** Fields besides path, base64 and mimetype that mean something for this kind. */
  readonly takes: readonly (keyof MediaBody)[];
}

const kinds: Readonly<Record<MediaKind, KindRules>> = {
  image: { mimetype: "image/jpeg", takes: ["caption", "viewOnce", "width", "height"] },
  video: { mimetype: "video/mp4", takes: ["caption", "gif", "viewOnce", "width", "height", "seconds"] },
  audio: { mimetype: "audio/ogg; codecs=opus", takes: ["ptt", "viewOnce", "seconds"] },
  document: { mimetype: "application/octet-stream", takes: ["caption", "fileName"] },
  sticker: { mimetype: "image/webp", takes: ["width", "height"] },
  ptv: { mimetype: "video/mp4", takes: ["width", "height", "seconds"] },
};

function builderOf(kind: MediaKind) {
  return async (body: MediaBody, context: ContentContext): Promise<Built> => {
    checkFields(kind, body);
    const encryption = encryptMedia(await sourceOf(kind, body), kind);
    const stored = await context.media.put(encryption.bytes);
    const reference = {
      ...stored,
      ...mutableFacts(encryption.facts()),
      mediaKey: encryption.mediaKey,
      mediaKeyTimestamp: Math.floor(context.now / 1000),
      mimetype: body.mimetype ?? kinds[kind].mimetype,
    };
    return { message: wrap(kind, body, reference) };
  };
}

type Reference = proto.Message.IImageMessage & proto.Message.IVideoMessage & proto.Message.IAudioMessage;

function wrap(kind: MediaKind, body: MediaBody, reference: Reference): proto.IMessage {
  const caption = body.caption === undefined ? {} : { caption: body.caption };
  const size = {
    ...(body.width !== undefined && { width: body.width }),
    ...(body.height !== undefined && { height: body.height }),
  };
  const seconds = body.seconds === undefined ? {} : { seconds: body.seconds };
  const once = body.viewOnce === true ? { viewOnce: true } : {};
  switch (kind) {
    case "image":
      return viewOnce(body, { imageMessage: { ...reference, ...caption, ...size, ...once } });
    case "video": {
      const gif = body.gif === true ? { gifPlayback: true } : {};
      return viewOnce(body, { videoMessage: { ...reference, ...caption, ...size, ...seconds, ...gif, ...once } });
    }
    case "audio": {
      const message = { audioMessage: { ...reference, ...seconds, ptt: body.ptt === true, ...once } };
      return body.viewOnce === true ? { viewOnceMessageV2Extension: { message } } : message;
    }
    case "document": {
      const fileName = body.fileName ?? (body.path === undefined ? "file" : basename(body.path));
      const documentMessage = { ...reference, ...caption, fileName, title: fileName };
      // WhatsApp protocol: a document with a caption comes in a wrapper.
      return body.caption === undefined
        ? { documentMessage }
        : { documentWithCaptionMessage: { message: { documentMessage } } };
    }
    case "sticker":
      return { stickerMessage: { ...reference, ...size } };
    case "ptv":
      return { ptvMessage: { ...reference, ...size, ...seconds } };
  }
}

const viewOnce = (body: MediaBody, message: proto.IMessage): proto.IMessage =>
  body.viewOnce === true ? { viewOnceMessageV2: { message } } : message;

function checkFields(kind: MediaKind, body: MediaBody): void {
  const allowed = new Set<string>(["path", "base64", "mimetype", ...kinds[kind].takes]);
  const stranger = Object.entries(body).find(([key, value]) => value !== undefined && !allowed.has(key));
  if (stranger !== undefined) throw new SandboxError("invalid", `${kind} takes no ${stranger[0]}`);
}

async function sourceOf(kind: MediaKind, body: MediaBody): Promise<Bytes> {
  if ((body.path === undefined) === (body.base64 === undefined)) {
    throw new SandboxError("invalid", `${kind} needs either path or base64`);
  }
  if (body.path !== undefined) {
    try {
      await access(body.path);
    } catch (cause) {
      throw new SandboxError("invalid", `${kind}.path cannot be read`, { cause });
    }
    return createReadStream(body.path);
  }
  const text = (body.base64 ?? "").replace(/^data:[^,]*;base64,/, "");
  if (text === "" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) {
    throw new SandboxError("invalid", `${kind}.base64 is not base64`);
  }
  return [Buffer.from(text, "base64")];
}

function mutableFacts(facts: EncryptedFacts): {
  fileSha256: Uint8Array;
  fileEncSha256: Uint8Array;
  fileLength: number;
} {
  return { ...facts };
}
