import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "#lib/log.ts";
import { createSlots } from "#lib/slots.ts";
import type { IngestKind } from "../kinds.ts";
import { rejected } from "../source/refusals.ts";
import { baseType, groupOf } from "../types/file-type.ts";
import { isVoiceNote, makeVoiceNote } from "./audio.ts";
import { type Ffmpeg, FfmpegError } from "./ffmpeg.ts";
import { filmFacts, filmThumbnail, isPlayable, writeMp4 } from "./film.ts";
import { imageFacts, thumbnailOf, writeJpeg } from "./images.ts";
import { readOpus } from "./ogg.ts";
import { pdfPages } from "./pdf.ts";
import { isShortEnough, makeSticker } from "./sticker.ts";

/** What a message says about its file. */
export interface MediaFacts {
  readonly width?: number;
  readonly height?: number;
  readonly durationMs?: number;
  /** 64 points from 0 to 100. */
  readonly waveform?: Uint8Array;
  /** Small JPEG. */
  readonly thumbnail?: Uint8Array;
  readonly pages?: number;
  readonly isAnimated?: boolean;
  /** Opus in Ogg, one channel: phones show it as a voice note. */
  readonly isVoice?: boolean;
  /** What could not be done, and why. */
  readonly degraded?: string;
}

/** A file made ready for sending. Disposing removes the replacement. */
export interface Prepared extends AsyncDisposable {
  readonly facts: MediaFacts;
  /** The file to send in place of the one that came. */
  readonly replacement?: { readonly path: string; readonly mimeType: string };
}

/** What this machine can do with files. */
export interface Capabilities {
  /** Pictures and stickers; always there. */
  readonly images: true;
  /** Voice notes, films and GIFs; undefined: sounds and films go out as they are, and GIFs must be MP4. */
  readonly ffmpeg: { readonly kind: "native" | "wasm"; readonly version?: string } | undefined;
}

/** Makes files ready for sending. */
export interface Formats {
  readonly capabilities: () => Capabilities;
  /**
   * Looks at a file and converts it when phones want it otherwise. Throws `media_rejected` when it cannot be used, the
   * signal's reason; what merely makes it less pretty is told in `degraded`. The replacement lies in `directory`.
   */
  readonly prepare: (
    input: {
      readonly kind: IngestKind;
      readonly path: string;
      readonly mimeType: string;
      readonly directory: string;
      /** Written into a sticker. */
      readonly stickerAuthor?: string;
    },
    signal: AbortSignal,
  ) => Promise<Prepared>;
}

/** How converting behaves. */
export interface FormatsOptions {
  /** Files at the same time. */
  readonly slots: number;
  /** A conversion that takes longer is given up, milliseconds. */
  readonly limitMs: number;
}

/** One core stays free on the smallest machine; two minutes make a long film. */
export const defaultFormatsOptions: FormatsOptions = { slots: 1, limitMs: 120_000 };

/** What converting works with. */
export interface FormatsDeps {
  readonly ffmpeg: Ffmpeg | undefined;
  /** Of a native ffmpeg. */
  readonly version?: string;
  readonly log: Log;
}

type Input = Parameters<Formats["prepare"]>[0];
interface Work extends Input {
  readonly ffmpeg: Ffmpeg | undefined;
  readonly log: Log;
  /** A path for a file to be made; removed unless it becomes the replacement. */
  readonly temp: (extension: string) => string;
}
interface Result {
  readonly facts: MediaFacts;
  readonly replacement?: { readonly path: string; readonly mimeType: string };
}

/** Opens the converters. */
export function createFormats(deps: FormatsDeps, options: FormatsOptions): Formats {
  const slots = createSlots(options.slots);
  return {
    capabilities: () => ({
      images: true,
      ffmpeg: deps.ffmpeg && {
        kind: deps.ffmpeg.kind,
        ...(deps.version === undefined ? {} : { version: deps.version }),
      },
    }),
    prepare: async (input, signal) => {
      const giveBack = await slots.take(signal);
      signal.throwIfAborted();
      const made: string[] = [];
      const temp = (extension: string): string => {
        const path = join(input.directory, `${randomUUID()}.part.${extension}`);
        made.push(path);
        return path;
      };
      const remove = async (paths: readonly string[]): Promise<void> => {
        for (const path of paths) await rm(path, { force: true });
      };
      try {
        const limit = AbortSignal.timeout(options.limitMs);
        const result = await preparers[input.kind]({ ...input, ...deps, temp }, AbortSignal.any([signal, limit]));
        const kept = result.replacement?.path;
        await remove(made.filter((path) => path !== kept));
        return { ...result, [Symbol.asyncDispose]: () => remove(kept === undefined ? [] : [kept]) };
      } catch (error) {
        await remove(made);
        signal.throwIfAborted();
        throw error instanceof FfmpegError || isTimeout(error) ? unconvertible(error, deps.log) : error;
      } finally {
        giveBack?.();
      }
    },
  };
}

const preparers: Readonly<Record<IngestKind, (work: Work, signal: AbortSignal) => Promise<Result>>> = {
  image: prepareImage,
  sticker: prepareSticker,
  profilePicture: async ({ path }) => ({ facts: sidesOf(await imageFacts(path)) }),
  video: prepareFilm,
  ptv: prepareFilm,
  gif: prepareGif,
  audio: prepareAudio,
  document: prepareDocument,
};

/** Phones show JPEG and PNG everywhere; everything else becomes JPEG. */
async function prepareImage({ path, mimeType, temp }: Work): Promise<Result> {
  const sides = sidesOf(await imageFacts(path));
  const thumbnail = await thumbnailOf(path);
  if (["image/jpeg", "image/png"].includes(mimeType)) return { facts: { ...sides, thumbnail } };
  const output = temp("jpg");
  const written = await writeJpeg(path, output);
  return { facts: { ...written, thumbnail }, replacement: { path: output, mimeType: "image/jpeg" } };
}

async function prepareSticker({ path, temp, stickerAuthor }: Work): Promise<Result> {
  const { frames } = await imageFacts(path);
  if (!isShortEnough(frames)) throw rejected(`an animated sticker of ${frames} pictures is too long`);
  const { bytes, isUnchanged, ...facts } = await makeSticker(path, stickerAuthor);
  if (isUnchanged) return { facts };
  const output = temp("webp");
  await writeFile(output, bytes, { mode: 0o600 });
  return { facts, replacement: { path: output, mimeType: "image/webp" } };
}

async function prepareFilm(work: Work, signal: AbortSignal): Promise<Result> {
  const { ffmpeg, path, mimeType, temp } = work;
  if (await isPlayable(path, mimeType)) return { facts: await factsOfFilm(work, { path, mimeType }, signal) };
  if (ffmpeg === undefined) return { facts: { degraded: `without ffmpeg ${mimeType} is sent as it is` } };
  const output = temp("mp4");
  try {
    await writeMp4(ffmpeg, { path, mimeType, output }, signal);
  } catch (error) {
    if (!(error instanceof FfmpegError) && !isTimeout(error)) throw error;
    work.log.info({ error, said: saidBy(error) }, "film not converted");
    return { facts: { degraded: `${mimeType} could not be converted and is sent as it is` } };
  }
  const replacement = { path: output, mimeType: "video/mp4" };
  return { facts: await factsOfFilm(work, replacement, signal), replacement };
}

/** WhatsApp knows no GIF: it is a silent film that repeats. */
async function prepareGif(work: Work, signal: AbortSignal): Promise<Result> {
  if (groupOf(work.mimeType) === "video") return prepareFilm(work, signal);
  if (work.ffmpeg === undefined) throw rejected("without ffmpeg a GIF must be handed in as MP4");
  const path = work.temp("mp4");
  await writeMp4(work.ffmpeg, { path: work.path, mimeType: work.mimeType, output: path }, signal);
  const replacement = { path, mimeType: "video/mp4" };
  return { facts: await factsOfFilm(work, replacement, signal), replacement };
}

async function factsOfFilm(
  work: Work,
  film: { readonly path: string; readonly mimeType: string },
  signal: AbortSignal,
): Promise<MediaFacts> {
  const found = await filmFacts(film.path);
  const facts = found === undefined ? {} : { durationMs: found.durationMs, ...sidesOf(found) };
  if (work.ffmpeg === undefined) return { ...facts, degraded: "without ffmpeg films have no thumbnail" };
  try {
    return { ...facts, thumbnail: await filmThumbnail(work.ffmpeg, { ...film, output: work.temp("png") }, signal) };
  } catch (error) {
    signal.throwIfAborted();
    work.log.info({ error, said: saidBy(error) }, "film without a thumbnail");
    return { ...facts, degraded: "the film has no picture that can be read" };
  }
}

async function prepareAudio(work: Work, signal: AbortSignal): Promise<Result> {
  const { ffmpeg, path, mimeType, temp } = work;
  const isVoice = await isVoiceNote(path, mimeType);
  if (ffmpeg === undefined) {
    const durationMs = (await readOpus(path))?.durationMs;
    const length = durationMs === undefined ? {} : { durationMs };
    const degraded = isVoice
      ? "without ffmpeg voice notes have no waveform"
      : `without ffmpeg ${mimeType} is sent as a file of sound`;
    return { facts: { ...length, isVoice, degraded } };
  }
  const output = isVoice ? undefined : temp("ogg");
  const measured = await makeVoiceNote(ffmpeg, { path, mimeType, ...(output === undefined ? {} : { output }) }, signal);
  const facts = { ...measured, isVoice: true };
  return output === undefined
    ? { facts }
    : { facts, replacement: { path: output, mimeType: "audio/ogg; codecs=opus" } };
}

async function prepareDocument(work: Work): Promise<Result> {
  if (work.mimeType === "application/pdf") {
    const pages = await pdfPages(work.path);
    return { facts: pages === undefined ? {} : { pages } };
  }
  if (groupOf(work.mimeType) !== "image" || baseType(work.mimeType) === "image/svg+xml") return { facts: {} };
  try {
    return { facts: { thumbnail: await thumbnailOf(work.path) } };
  } catch {
    // As a document it is sent in any case.
    return { facts: {} };
  }
}

function sidesOf({ width, height }: { readonly width: number; readonly height: number }): MediaFacts {
  return { width, height };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

function saidBy(error: unknown): string | undefined {
  return error instanceof FfmpegError ? error.said : undefined;
}

function unconvertible(error: unknown, log: Log): Error {
  log.info({ error, said: saidBy(error) }, "file not converted");
  const reason = isTimeout(error)
    ? "converting the media takes too long"
    : "the media is damaged or cannot be converted";
  return rejected(reason, { cause: error });
}
