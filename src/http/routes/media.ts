import { z } from "zod";

import { operation, RawAnswer } from "../operation.ts";
import type { Operation } from "../operation.ts";

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
    }),
    run: async ({ deps }) => {
      const { files, bytes, directory, linkMs, baseUrl } = await deps.mediaFiles.stats();
      return {
        total_files: files,
        total_bytes: bytes,
        base_path: directory,
        url_expiry: hoursMinutesSeconds(linkMs),
        public_base_url: baseUrl,
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

/** A length of time as Go writes it. */
function hoursMinutesSeconds(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 3_600)}h${Math.floor(seconds / 60) % 60}m${seconds % 60}s`;
}
