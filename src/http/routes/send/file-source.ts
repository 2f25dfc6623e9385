import { z } from "zod";

import { isWazapiError, WazapiError } from "#domain/errors.ts";
import type { FileContent, FileSource } from "#domain/outgoing/files.ts";

import type { InstanceContext } from "#http/operation.ts";
import { lineBreaks } from "./words.ts";

/** A file as callers name it. */
export const fileSource = z.string().min(1).meta({
  description: "http(s) address, data URI (`data:<type>;base64,…`), or `wazapi:` and the id of a file handed in before",
});

/** Words under a file. */
export const caption = z.string().max(65_536).optional().meta({ description: "Text under it" });

/** When the file is fetched. */
export const isAsync = z.boolean().optional().meta({
  description:
    "True: the answer does not wait for the file. It is fetched when the message is about to leave; if that fails, DeliveryCallback says why",
});

/** What is needed to take in a file. */
export interface FileRequest {
  readonly kind: FileContent["kind"];
  readonly source: string;
  readonly fileName?: string | undefined;
  readonly extension?: string | undefined;
  readonly stickerAuthor?: string | undefined;
  readonly maxBytes?: number;
  readonly async?: boolean | undefined;
}

/** What `taking` resolves to; what it throws about a file names this field of the body. */
export async function named<T>(field: string, taking: Promise<T>): Promise<T> {
  try {
    return await taking;
  } catch (error) {
    if (!isWazapiError(error, "media_rejected", "forbidden_address", "payload_too_large")) throw error;
    throw new WazapiError(error.code, { message: error.message, details: { ...error.details, field }, cause: error });
  }
}

/**
 * The file, taken in now or, where the caller does not wait, an address to fetch it from. Throws `media_rejected`,
 * `forbidden_address`, `payload_too_large`, naming the field, which is called as the kind.
 */
export async function takeFile(context: InstanceContext, request: FileRequest): Promise<FileSource> {
  const { kind, source, fileName, extension, stickerAuthor, maxBytes } = request;
  const hints = {
    ...(fileName !== undefined && { fileName }),
    ...(extension !== undefined && { extension }),
    ...(stickerAuthor !== undefined && { stickerAuthor }),
    ...(maxBytes !== undefined && { maxBytes }),
  };
  const url = source.trim();
  if (request.async === true && /^https?:/i.test(url)) {
    if (!URL.canParse(url)) {
      throw new WazapiError("media_rejected", { message: "this is no http(s) address", details: { field: kind } });
    }
    return { url, ...hints };
  }
  const input = { instanceId: context.instance.id, kind, source, ...hints };
  return await named(kind, context.deps.media.ingest(input, context.signal));
}

/** The caption as the content has it. */
export function captioned(fields: { readonly caption?: string | undefined }): { readonly caption?: string } {
  return fields.caption === undefined ? {} : { caption: lineBreaks(fields.caption) };
}
