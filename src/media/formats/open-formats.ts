import type { Log } from "#lib/log.ts";
import type { Ffmpeg } from "./ffmpeg.ts";
import { hasFfmpegCore } from "./ffmpeg-core.ts";
import { createNativeFfmpeg, probeFfmpeg } from "./ffmpeg-native.ts";
import { createWasmFfmpeg } from "./ffmpeg-wasm.ts";
import { createFormats, defaultFormatsOptions, type Formats } from "./formats.ts";

/** Which ffmpeg is used: one of this machine when there is one, else the one that comes with wazapi; or exactly one. */
export type FfmpegChoice = "auto" | "builtin" | "never" | { readonly path: string };

/** Opens the converters with the best ffmpeg there is. A path that leads to none is told in the log and passed over. */
export async function openFormats(deps: { readonly log: Log }, choice: FfmpegChoice): Promise<Formats> {
  const { log } = deps;
  const found = await findFfmpeg(log, choice);
  if (found === undefined && choice !== "never")
    log.warn({}, "no ffmpeg: sounds are not converted, films have no thumbnails");
  const version = found?.version === undefined ? {} : { version: found.version };
  return createFormats({ ffmpeg: found?.ffmpeg, ...version, log }, defaultFormatsOptions);
}

async function findFfmpeg(
  log: Log,
  choice: FfmpegChoice,
): Promise<{ readonly ffmpeg: Ffmpeg; readonly version?: string } | undefined> {
  if (choice === "never") return undefined;
  if (choice !== "builtin") {
    const path = choice === "auto" ? "ffmpeg" : choice.path;
    const version = await probeFfmpeg(path);
    if (version !== undefined) return { ffmpeg: createNativeFfmpeg(path), version };
    if (choice !== "auto") log.warn({ path }, "this is no ffmpeg with libopus and libx264");
  }
  return hasFfmpegCore() ? { ffmpeg: createWasmFfmpeg() } : undefined;
}
