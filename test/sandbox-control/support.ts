import { silentLog } from "#lib/log.ts";
import type { ContentContext, KnownMessage } from "#sandbox/content-codec.ts";
import { createFaultRules } from "#sandbox/faults.ts";
import { listenMedia } from "#sandbox/media/media-listener.ts";
import type { MediaStation, MediaStationOptions } from "#sandbox/media/media-station.ts";

/** A media station with its own fault rules. */
export async function openStation(options: Omit<MediaStationOptions, "url"> = {}) {
  const faults = createFaultRules();
  const station = await listenMedia({ faults, log: silentLog }, options);
  return { faults, station, [Symbol.asyncDispose]: async () => station[Symbol.asyncDispose]() };
}

/** What a contact in a chat with the account knows. */
export function contextOf(media: MediaStation, known: readonly KnownMessage[] = []): ContentContext {
  return {
    now: 1_700_000_000_000,
    senderJid: "5511911112222@s.whatsapp.net",
    chatJid: "5511933334444@s.whatsapp.net",
    media,
    find: (id) => known.find(({ key }) => key.id === id),
    sealsEdits: false,
    jidOf: (number) => (number.includes("@") ? number : `${number}@s.whatsapp.net`),
  };
}

/** Reads a stream of bytes to its end. */
export async function collect(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}
