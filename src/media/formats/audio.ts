import { rejected } from "../source/refusals.ts";
import { baseType } from "../types/file-type.ts";
import { type Ffmpeg, inputArgs, placeholders } from "./ffmpeg.ts";
import { readOpus } from "./ogg.ts";
import { createWaveformMeter, waveformRate } from "./waveform.ts";

/** A voice note, or what is known of it. */
export interface VoiceNote {
  readonly durationMs: number;
  /** 64 points from 0 to 100. */
  readonly waveform: Uint8Array;
}

/** What WhatsApp's own recorder makes: speech, one channel, 16 kHz. */
const voiceArgs = [
  ..."-map 0:a:0 -vn -map_metadata -1 -ac 1 -ar 16000 -c:a libopus -b:a 24k".split(" "),
  ..."-vbr on -application voip -frame_duration 20 -f ogg".split(" "),
  placeholders.output,
];
const meterArgs = [
  "-map",
  "0:a:0",
  "-vn",
  "-ac",
  "1",
  "-ar",
  String(waveformRate),
  "-f",
  "s16le",
  placeholders.pipe,
] as const;

/** Whether a file is a voice note already: Opus in Ogg with one channel. */
export async function isVoiceNote(path: string, mimeType: string): Promise<boolean> {
  return baseType(mimeType) === "audio/ogg" && (await readOpus(path))?.channels === 1;
}

/**
 * Measures a sound and, when `output` is given, writes it as Ogg Opus in the same run. Throws `media_rejected` when it
 * has no sound, `FfmpegError` when it cannot be read.
 */
export async function makeVoiceNote(
  ffmpeg: Ffmpeg,
  input: { readonly path: string; readonly mimeType: string; readonly output?: string },
  signal: AbortSignal,
): Promise<VoiceNote> {
  const opening = inputArgs(baseType(input.mimeType));
  if (opening === undefined) throw rejected(`sounds of the type ${input.mimeType} cannot be converted`);
  const meter = createWaveformMeter();
  await ffmpeg.run(
    {
      args: [...opening, ...(input.output === undefined ? [] : voiceArgs), ...meterArgs],
      input: input.path,
      ...(input.output === undefined ? {} : { output: input.output }),
      onPipe: meter.add,
    },
    signal,
  );
  if (meter.durationMs() === 0) throw rejected("the media has no sound");
  return { durationMs: meter.durationMs(), waveform: meter.points() };
}
