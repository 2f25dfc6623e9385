import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createFormats, defaultFormatsOptions, type Formats, type Prepared } from "#media/formats/formats.ts";
import type { IngestKind } from "#media/kinds.ts";
import { sniffFile } from "#media/types/sniff-file.ts";
import { openTempDir } from "./temp-dir.ts";

/** A directory for each test, and files made ready in it. */
export interface Files {
  readonly path: () => string;
  /** Makes the file of a path, or these bytes, ready for sending as this kind. */
  readonly prepare: (formats: Formats, kind: IngestKind, source: string | Buffer) => Promise<Prepared>;
}

/** Opens a directory before each test of the file and removes it behind it. */
export function useFiles(): Files {
  let dir: Awaited<ReturnType<typeof openTempDir>>;
  beforeEach(async () => {
    dir = await openTempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());
  return {
    path: () => dir.path,
    prepare: async (formats, kind, source) => {
      const path = typeof source === "string" ? source : join(dir.path, "source");
      if (typeof source !== "string") await writeFile(path, source);
      const mimeType = (await sniffFile(path)) ?? "application/octet-stream";
      return formats.prepare({ kind, path, mimeType, directory: dir.path }, new AbortController().signal);
    },
  };
}

/** Formats on a machine without any ffmpeg. */
export const without = createFormats({ ffmpeg: undefined, log: silentLog }, defaultFormatsOptions);

/** A picture of one colour. */
export const picture = (width = 300, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: "#d22" } });

/** An animation of so many pictures. */
export const frames = async (count: number) => {
  const raw = Buffer.concat(Array.from({ length: count }, (_, index) => Buffer.alloc(40 * 30 * 3, (index * 40) % 256)));
  return sharp(raw, { raw: { width: 40, height: 30 * count, channels: 3, pageHeight: 30 } });
};

/** A square that compresses badly. */
export const noise = (side: number) =>
  sharp({
    create: {
      width: side,
      height: side,
      channels: 3,
      background: "white",
      noise: { type: "gaussian", mean: 128, sigma: 60 },
    },
  });
