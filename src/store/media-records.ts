import { createHash } from "node:crypto";
import type { CapturedMedia } from "#domain/captured.ts";
import type { NewMedia } from "./media.ts";

/** A message whose files are meant. */
interface MediaOwner {
  readonly instanceId: string;
  readonly chatId: string;
  readonly messageId: string;
}

/** The id of one file of a message: derived, so that the same message delivered again has the same files and URLs. */
export function mediaIdOf({ instanceId, chatId, messageId }: MediaOwner, part: string): string {
  const name = [instanceId, chatId, messageId, part].join("\n");
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}

/** The rows that fetch the files of a captured message; they go into the transaction of its event. */
export function mediaRecordsOf(
  owner: MediaOwner,
  media: readonly CapturedMedia[],
  keep: { readonly keepMs: number; readonly now: number },
): readonly NewMedia[] {
  return media.map(({ part, kind, mimeType, fileName }) => ({
    ...owner,
    mediaId: mediaIdOf(owner, part),
    part,
    kind,
    mimeType,
    ...(fileName === undefined ? {} : { fileName }),
    expiresAt: keep.now + keep.keepMs,
  }));
}
