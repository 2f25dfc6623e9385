/** Stands in arguments for the file to read, the file to write, and the stream to `onPipe`. */
export const placeholders = { input: "{input}", output: "{output}", pipe: "{pipe}" } as const;

/** One run of ffmpeg. */
export interface FfmpegRun {
  /** Arguments with placeholders, without those that every run has. */
  readonly args: readonly string[];
  /** Path of the file to read. */
  readonly input: string;
  /** Path of the file to write; its extension says nothing, the arguments name the format. */
  readonly output?: string;
  /** Gets what the run writes to `{pipe}`, in pieces that are its own. */
  readonly onPipe?: (piece: Uint8Array) => void;
}

/** A program that converts sound and film. */
export interface Ffmpeg {
  /** `native`: a program of this machine. `wasm`: the one that comes with wazapi; slower, needs nothing. */
  readonly kind: "native" | "wasm";
  /** Runs it to its end. Throws `FfmpegError` when it fails, the signal's reason when it aborts; then it has ended. */
  readonly run: (run: FfmpegRun, signal: AbortSignal) => Promise<void>;
}

/** The file could not be converted. */
export class FfmpegError extends Error {
  override readonly name = "FfmpegError";
  /** The last lines it said, for the log. */
  readonly said: string;

  constructor(said: string) {
    super("the file cannot be converted");
    this.said = said;
  }
}

/** Options of every run: no questions, short messages, nothing read but files. */
export const commonArgs = ["-hide_banner", "-nostdin", "-loglevel", "error", "-y"] as const;

/** Formats that are read, by type. The type comes from the content, so that no playlist can name other files. */
const demuxers: Readonly<Record<string, string>> = {
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "video/ogg": "ogg",
  "audio/mp4": "mov",
  "video/mp4": "mov",
  "video/quicktime": "mov",
  "video/3gpp": "mov",
  "audio/aac": "aac",
  "audio/wav": "wav",
  "audio/flac": "flac",
  "audio/amr": "amr",
  "audio/aiff": "aiff",
  "audio/webm": "matroska",
  "video/webm": "matroska",
  "video/x-matroska": "matroska",
  "video/x-msvideo": "avi",
  "video/mpeg": "mpeg",
  "video/mp2t": "mpegts",
  "video/x-flv": "flv",
  "video/x-ms-asf": "asf",
  "image/gif": "gif",
  "image/bmp": "bmp_pipe",
};

/** The arguments that open a file of this type; undefined for types that are not read. */
export function inputArgs(baseType: string): readonly string[] | undefined {
  const demuxer = demuxers[baseType];
  return demuxer === undefined ? undefined : ["-f", demuxer, "-i", placeholders.input];
}
