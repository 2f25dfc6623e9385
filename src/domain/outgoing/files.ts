/** What a message says about its file. Binary values are base64; a thumbnail is a JPEG of a few kilobytes. */
export interface OutgoingFileFacts {
  readonly width?: number;
  readonly height?: number;
  readonly durationMs?: number;
  /** 64 points from 0 to 100. */
  readonly waveform?: string;
  readonly thumbnail?: string;
  readonly pages?: number;
  readonly isAnimated?: boolean;
  /** Opus in Ogg, one channel. */
  readonly isVoice?: boolean;
}

/** A file that lies in the media storage. */
export interface OutgoingFile {
  readonly mediaId: string;
  readonly bytes: number;
  readonly mimeType: string;
  readonly fileName?: string;
  readonly facts: OutgoingFileFacts;
  /** What could not be made of it, e.g. a thumbnail without ffmpeg; it is sent all the same. */
  readonly degraded?: string;
}

/** A file that is fetched only when its message is about to leave (`async`). */
export interface RemoteOutgoingFile {
  /** http(s) address. */
  readonly url: string;
  readonly fileName?: string;
  readonly extension?: string;
  /** Largest size that is taken, when it is less than what its kind allows. */
  readonly maxBytes?: number;
  /** Written into a sticker as its publisher. */
  readonly stickerAuthor?: string;
}

/** The file of a message. */
export type FileSource = OutgoingFile | RemoteOutgoingFile;

/** A picture. */
export interface ImageContent {
  readonly kind: "image";
  readonly file: FileSource;
  readonly caption?: string;
  readonly viewOnce?: boolean;
}

/** A film. */
export interface VideoContent {
  readonly kind: "video";
  readonly file: FileSource;
  readonly caption?: string;
  readonly viewOnce?: boolean;
}

/** A silent film that repeats. */
export interface GifContent {
  readonly kind: "gif";
  readonly file: FileSource;
  readonly caption?: string;
  readonly viewOnce?: boolean;
}

/** A round video note. */
export interface PtvContent {
  readonly kind: "ptv";
  readonly file: FileSource;
  readonly viewOnce?: boolean;
}

/** A voice note, or a sound that could not be made one. */
export interface AudioContent {
  readonly kind: "audio";
  readonly file: FileSource;
  readonly viewOnce?: boolean;
  /** False: without the picture of the sound. */
  readonly waveform?: boolean;
  /** ARGB, behind a voice note that is a status. */
  readonly backgroundArgb?: number;
}

/** A sticker. */
export interface StickerContent {
  readonly kind: "sticker";
  readonly file: FileSource;
}

/** Any file. */
export interface DocumentContent {
  readonly kind: "document";
  readonly file: FileSource;
  readonly caption?: string;
}

/** Another caption for a document of ours; the file stays. */
export interface DocumentCaptionContent {
  readonly kind: "documentCaption";
  readonly messageId: string;
  readonly caption: string;
}

/** Everything that is mainly a file. */
export type FileContent =
  | ImageContent
  | VideoContent
  | GifContent
  | PtvContent
  | AudioContent
  | StickerContent
  | DocumentContent;
