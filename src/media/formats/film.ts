import { readFile } from "node:fs/promises";
import { rejected } from "../source/refusals.ts";
import { baseType } from "../types/file-type.ts";
import { type Ffmpeg, inputArgs, placeholders } from "./ffmpeg.ts";
import { thumbnailOf } from "./images.ts";
import { type Mp4Facts, readMp4 } from "./mp4.ts";

/** Sides must be even for the colours players expect. */
const even = "scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1";

/** Whether players on phones show it as it is. */
export async function isPlayable(path: string, mimeType: string): Promise<boolean> {
  if (baseType(mimeType) !== "video/mp4") return false;
  const facts = await readMp4(path);
  // A file whose header cannot be read is left to the phone.
  return facts === undefined || facts.videoCodec === undefined || /^(?:avc[13]|hvc1|hev1|mp4v)$/.test(facts.videoCodec);
}

/** Writes a film or an animation as MP4 that phones play, its header first. Throws `FfmpegError`. */
export async function writeMp4(
  ffmpeg: Ffmpeg,
  input: { readonly path: string; readonly mimeType: string; readonly output: string },
  signal: AbortSignal,
): Promise<void> {
  const opening = inputArgs(baseType(input.mimeType));
  if (opening === undefined) throw rejected(`films of the type ${input.mimeType} cannot be converted`);
  const isCopied = (await readMp4(input.path))?.videoCodec === "avc1";
  const video = isCopied
    ? ["-c:v", "copy"]
    : ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", "-vf", even];
  const audio = ["-map", "0:a:0?", "-c:a", "aac", "-b:a", "96k", "-ac", "2"];
  const container = ["-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", placeholders.output];
  const args = [...opening, "-map", "0:v:0", ...video, ...audio, ...container];
  await ffmpeg.run({ args, input: input.path, output: input.output }, signal);
}

/** A small JPEG of the first picture. Throws `FfmpegError`. */
export async function filmThumbnail(
  ffmpeg: Ffmpeg,
  input: { readonly path: string; readonly mimeType: string; readonly output: string },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const opening = inputArgs(baseType(input.mimeType));
  if (opening === undefined) throw rejected(`films of the type ${input.mimeType} cannot be read`);
  const args = [
    ...opening,
    "-map",
    "0:v:0",
    "-frames:v",
    "1",
    "-vf",
    "scale=256:-2",
    "-c:v",
    "png",
    "-f",
    "image2pipe",
  ];
  await ffmpeg.run({ args: [...args, placeholders.output], input: input.path, output: input.output }, signal);
  return await thumbnailOf(await readFile(input.output));
}

/** Length and sides of an MP4; undefined when its header cannot be read. */
export async function filmFacts(path: string): Promise<Mp4Facts | undefined> {
  return await readMp4(path);
}
