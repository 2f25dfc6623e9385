/** Bytes of a media message: a file of this machine or base64, and how WhatsApp shows them. */
export interface MediaBody {
  readonly path?: string;
  readonly base64?: string;
  /** Default: guessed from the kind (`image/jpeg`, `audio/ogg; codecs=opus`, …). */
  readonly mimetype?: string;
  readonly caption?: string;
  readonly fileName?: string;
  /** A voice note. */
  readonly ptt?: boolean;
  /** A video that plays as a GIF. */
  readonly gif?: boolean;
  readonly viewOnce?: boolean;
  /** Pixels, as the message claims them; nothing measures the file. */
  readonly width?: number;
  readonly height?: number;
  /** Length of audio and video, as the message claims it. */
  readonly seconds?: number;
}

/** The kinds of media message. */
export type MediaKind = "image" | "video" | "audio" | "document" | "sticker" | "ptv";

/** A person shared as a vCard. */
export interface SharedContact {
  readonly name: string;
  readonly phone: string;
}

/** A button or list row chosen in answer to an earlier message. */
export interface ReplyChoice {
  readonly messageId: string;
  readonly id: string;
  readonly label: string;
}

/** An event (appointment) message. Times are epoch milliseconds. */
export interface EventBody {
  readonly name: string;
  readonly description?: string;
  readonly startAt: number;
  readonly endAt?: number;
  readonly location?: { readonly latitude?: number; readonly longitude?: number; readonly name?: string };
  readonly canceled?: boolean;
}

/** What a simulated person can send: exactly one of these keys. */
export type Content =
  | { readonly text: string }
  | { readonly image: MediaBody }
  | { readonly video: MediaBody }
  | { readonly audio: MediaBody }
  | { readonly document: MediaBody }
  | { readonly sticker: MediaBody }
  | { readonly ptv: MediaBody }
  | {
      readonly location: {
        readonly latitude: number;
        readonly longitude: number;
        readonly name?: string;
        readonly address?: string;
        readonly live?: boolean;
      };
    }
  | { readonly contact: SharedContact }
  | { readonly contacts: readonly SharedContact[] }
  | { readonly poll: { readonly question: string; readonly options: readonly string[]; readonly multiple?: boolean } }
  | { readonly pollVote: { readonly messageId: string; readonly options: readonly string[] } }
  | { readonly reaction: { readonly messageId: string; readonly emoji: string; readonly sealed?: boolean } }
  | { readonly edit: { readonly messageId: string; readonly text: string } }
  | { readonly revoke: { readonly messageId: string } }
  | { readonly buttonReply: ReplyChoice }
  | { readonly listReply: ReplyChoice }
  | { readonly event: EventBody }
  | { readonly eventResponse: { readonly messageId: string; readonly response: "going" | "notGoing" | "maybe" } }
  /** An answer below a post of a channel or announcement group. */
  | { readonly comment: { readonly messageId: string; readonly text: string; readonly sealed?: boolean } }
  /** A poll of the latest version: it may hide its voters, and end. */
  | {
      readonly pollV6: {
        readonly question: string;
        readonly options: readonly string[];
        readonly multiple?: boolean;
        readonly hideVoters?: boolean;
        readonly endsAt?: number;
      };
    }
  | {
      readonly pollEdit: { readonly messageId: string; readonly question: string; readonly options: readonly string[] };
    }
  | { readonly pollOption: { readonly messageId: string; readonly option: string } }
  | { readonly eventEdit: EventBody & { readonly messageId: string } }
  /** A message as its bytes, base64: also what this protobuf does not know. */
  | { readonly raw: { readonly base64: string } }
  /** Any message as protobuf JSON. */
  | { readonly proto: Readonly<Record<string, unknown>> };

/** What may stand beside any content. */
export interface ContentOptions {
  /** Id of the message this one answers. */
  readonly reply?: string;
  readonly forwarded?: boolean;
  /** Id of the album this picture or film is a part of. */
  readonly album?: string;
  /** Id of the same picture or film in lower quality. */
  readonly hdOf?: string;
  /** Numbers or jids. */
  readonly mentions?: readonly string[];
  /** Seconds until the message disappears. */
  readonly expiration?: number;
}

/** A content with its options: the body of every send route. */
export type ContentBody = Content & ContentOptions;
