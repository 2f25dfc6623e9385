import { z } from "zod";

import { isWazapiError } from "#domain/errors.ts";
import type { OutgoingFile } from "#domain/outgoing/files.ts";
import type { InteractiveHeader } from "#domain/outgoing/interactive.ts";

import type { InstanceContext } from "#http/operation.ts";
import { contextFields } from "../send-kind.ts";
import { fileSource, named } from "./file-source.ts";
import { refuse } from "./interactive-buttons.ts";
import { lineBreaks } from "./words.ts";

/** All routes for messages with buttons are: only a phone can tell whether it shows them. */
export const experimental = true;

/** The text of a message with buttons. */
export const bodyText = z
  .string()
  .min(1)
  .max(4096)
  .transform(lineBreaks)
  .meta({ description: "Text; `%0a` and `\\r\\n` are line breaks too" });

/** Title or footer. */
export const shortText = z.string().max(256);

/** Fields of every message with buttons. */
export const interactiveFields = contextFields.extend({
  title: shortText.optional(),
  footer: shortText.optional(),
  sendAsText: z.boolean().optional().meta({
    description:
      "Send the same as plain text with numbered choices, which every phone shows; a file above the text stays, those of cards do not",
  }),
});

/** Fields for a picture, a film or a document above the text. */
export const headerFields = {
  image: fileSource.optional(),
  video: fileSource.optional(),
  document: fileSource.optional(),
  documentFilename: z.string().min(1).max(255).optional(),
};

/** A title and at most one file, as the routes take them. */
interface GivenHeader {
  readonly title?: string | undefined;
  readonly image?: string | null | undefined;
  readonly video?: string | null | undefined;
  readonly document?: string | null | undefined;
  readonly documentFilename?: string | undefined;
  /** Name of the object that holds the fields, with a point behind it; they are in the body itself when absent. */
  readonly within?: string;
}

/**
 * Takes the file in and makes the header. Throws `invalid_request` when there is more than one file, and what
 * `MediaIntake.ingest` throws.
 */
export async function takeHeader(
  context: InstanceContext,
  given: GivenHeader,
): Promise<{ readonly header?: InteractiveHeader }> {
  const title = given.title ? { title: given.title } : {};
  const files = (["image", "video", "document"] as const).flatMap((media) => {
    const source = given[media];
    return source === null || source === undefined ? [] : [{ media, source }];
  });
  const [one, another] = files;
  if (another !== undefined) refuse(another.media, "only one file can stand above the text");
  if (one === undefined) return given.title ? { header: title } : {};
  const { media, source } = one;
  const shownAs =
    media === "document" && given.documentFilename !== undefined ? { fileName: given.documentFilename } : {};
  const input = { instanceId: context.instance.id, kind: media, source, part: "header", ...shownAs } as const;
  const file = await named(`${given.within ?? ""}${media}`, context.deps.media.ingest(input, context.signal));
  return { header: { ...title, media, file } };
}

/** Takes a card's file in, which may be a picture or a film. Throws what `MediaIntake.ingest` throws. */
export async function takePictureOrFilm(
  context: InstanceContext,
  given: { readonly source: string; readonly part: string; readonly media: "image" | "video" | "unknown" },
): Promise<{ readonly media: "image" | "video"; readonly file: OutgoingFile }> {
  const { source, part } = given;
  const take = async (kind: "image" | "video") => ({
    media: kind,
    file: await context.deps.media.ingest({ instanceId: context.instance.id, kind, source, part }, context.signal),
  });
  if (given.media !== "unknown") return await take(given.media);
  if (/^data:video\/|^https?:[^?#]*\.(?:mp4|mov|m4v|3gp|webm|mkv)(?:[?#]|$)/i.test(source)) return await take("video");
  try {
    return await take("image");
  } catch (error) {
    // The address does not tell what it leads to.
    if (!isWazapiError(error) || error.code !== "media_rejected" || source.startsWith("data:")) throw error;
    return await take("video");
  }
}

/** What all contents take over from their fields. */
export function interactiveBase(body: z.output<typeof interactiveFields>): {
  readonly footer?: string;
  readonly asText?: boolean;
} {
  return {
    ...(body.footer ? { footer: body.footer } : {}),
    ...(body.sendAsText === true && { asText: true }),
  };
}
