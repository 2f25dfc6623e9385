import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";

import { WazapiError } from "#domain/errors.ts";
import type { FileContent } from "#domain/outgoing/files.ts";

import type { Cli } from "../cli.ts";

/** How a file of each kind is sent. */
interface FileRoute {
  /** What the flag stands for, for the help. */
  readonly summary: string;
  /** Whether words can stand under it. */
  readonly captioned: boolean;
}

/** The flags of files: their names are those of the kinds, of the routes' fields and, behind `/send-`, of the routes. */
export const fileFlags = {
  image: { summary: "send this picture", captioned: true },
  video: { summary: "send this film", captioned: true },
  gif: { summary: "send this film as a silent one that repeats", captioned: true },
  ptv: { summary: "send this film as a round video note", captioned: false },
  audio: { summary: "send this sound as a voice note", captioned: false },
  document: { summary: "send this file as a document", captioned: true },
  sticker: { summary: "send this picture as a sticker", captioned: false },
} as const satisfies Record<FileContent["kind"], FileRoute>;

/** The name of a flag. */
export type FileFlag = keyof typeof fileFlags;

/** A file of this machine. */
export interface LocalFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

/** What a flag names: an address, or a file of this machine. */
export type GivenFile = { readonly url: string } | { readonly local: LocalFile };

/** Looks at what a flag was given. Throws `invalid_request` for a file that is not there, or no file, or empty. */
export async function givenFile(cli: Cli, given: string): Promise<GivenFile> {
  if (/^https?:\/\//i.test(given)) return { url: given };
  const path = resolve(cli.io.cwd, given);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) {
    throw new WazapiError("invalid_request", {
      message: `${given} is no file`,
      details: { hint: "give the path of a file, or an http(s) address" },
    });
  }
  if (found.size === 0) throw new WazapiError("invalid_request", { message: `${given} is empty` });
  return { local: { path, name: basename(path), bytes: found.size } };
}

/** The extension in a document's route, from the name of the file; undefined for a name that has none. */
export function extensionOf(name: string): string | undefined {
  const extension = extname(name).slice(1);
  return /^[A-Za-z0-9]{1,16}$/.test(extension) ? extension : undefined;
}

/** A file as it is read, piece by piece; `onRead` hears how many of its bytes are on their way. */
export async function* readFile(
  file: LocalFile,
  { onRead }: { readonly onRead: (bytes: number) => void },
): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const piece of createReadStream(file.path) as AsyncIterable<Buffer>) {
    yield piece;
    read += piece.length;
    onRead(read);
  }
}
