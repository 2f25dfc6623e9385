import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";

import { operation, RawAnswer } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { instancePath } from "../schemas.ts";

const tag = "media";

const signed = z.object({
  expires: z.string().optional().meta({ description: "Seconds since 1970; part of every address that webhooks carry" }),
  signature: z.string().optional().meta({ description: "Over path and expiry" }),
  exp: z.string().optional().meta({ description: "Another name of `expires`" }),
  sig: z.string().optional().meta({ description: "Another name of `signature`" }),
});

/** Files of messages. */
export const mediaOperations: readonly Operation[] = [
  operation({
    id: "receiveMedia",
    method: "POST",
    path: `${instancePath}/media`,
    summary:
      "Hand in a file to send: its bytes are the body. Every field that takes a file takes `wazapi:` and the `mediaId`, for a day",
    tag,
    scope: "instance",
    takes: "*/*",
    query: z.object({
      fileName: z.string().max(255).optional().meta({ description: "Its name, which a document is shown with" }),
    }),
    response: z.strictObject({
      mediaId: z.string().meta({ description: "The same for the same file" }),
      mimeType: z.string().meta({ description: "As its content says" }),
      bytes: z.number(),
      fileName: z.string().optional(),
      expiresAt: z.string().meta({ description: "ISO 8601; files of waiting messages stay longer" }),
    }),
    run: async ({ deps, instance, request, signal, header }, { query: { fileName } }) => {
      const { media } = deps;
      if (Number(header("content-length") ?? 0) > media.maxBytes) {
        throw new WazapiError("payload_too_large", {
          message: `the file is larger than ${media.maxBytes} bytes`,
          // What still comes is not read.
          details: { closesConnection: true },
        });
      }
      const contentType = declaredType(header("content-type"));
      const { expiresAt, ...received } = await media.receive(
        {
          instanceId: instance.id,
          bytes: request.body ?? nothing,
          ...(contentType !== undefined && { contentType }),
          ...(fileName !== undefined && { fileName }),
        },
        signal,
      );
      return { ...received, expiresAt: new Date(expiresAt).toISOString() };
    },
  }),
  operation({
    id: "mediaStats",
    method: "GET",
    path: "/media/stats",
    summary: "How much is stored, and how addresses of files look",
    tag,
    scope: "partner",
    response: z.strictObject({
      total_files: z.number(),
      total_bytes: z.number(),
      base_path: z.string(),
      url_expiry: z.string().meta({ description: "Like `24h0m0s`" }),
      public_base_url: z.string(),
      converter: z.enum(["native", "wasm", "none"]).meta({
        description:
          "What converts sounds and films: the machine's ffmpeg, the one inside, or nothing; then sounds go as files and films as they are",
      }),
    }),
    run: async ({ deps }) => {
      const { files, bytes, directory, linkMs, baseUrl, converter } = await deps.mediaFiles.stats();
      return {
        total_files: files,
        total_bytes: bytes,
        base_path: directory,
        url_expiry: hoursMinutesSeconds(linkMs),
        public_base_url: baseUrl,
        converter,
      };
    },
  }),
  operation({
    id: "getMedia",
    method: "GET",
    path: "/media/{instanceId}/{filepath}",
    summary:
      "A file of a message, whole or in part; waits for one that is on its way. The address comes with a webhook",
    tag,
    scope: "public",
    params: z.object({
      instanceId: z.string(),
      filepath: z.string().meta({ description: "Id of the file, and an extension that only people look at" }),
    }),
    query: signed,
    answers: "application/octet-stream",
    run: async ({ deps, request }) => {
      const answer = await deps.mediaFiles.serve(request);
      const { "content-type": contentType = "application/octet-stream", ...headers } = Object.fromEntries(
        answer.headers,
      );
      return new RawAnswer(answer.body, { contentType, status: answer.status, headers });
    },
  }),
];

/** What a caller says the file is. Throws `unsupported_media_type` for a form, which would be kept with its envelope. */
function declaredType(given: string | undefined): string | undefined {
  if (given !== undefined && /^\s*multipart\//i.test(given)) {
    throw new WazapiError("unsupported_media_type", {
      message: "the body must be the bytes of the file themselves, not a form",
      details: { closesConnection: true },
    });
  }
  // What curl says of any body when nobody tells it more.
  return given?.trim().toLowerCase() === "application/x-www-form-urlencoded" ? undefined : given;
}

/** What a request without a body brings. */
const nothing: AsyncIterable<Uint8Array> = new Blob([]).stream();

/** A length of time as Go writes it. */
function hoursMinutesSeconds(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 3_600)}h${Math.floor(seconds / 60) % 60}m${seconds % 60}s`;
}
