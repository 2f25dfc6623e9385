import { DEFAULT_ORIGIN, getMediaKeys, getUrlFromDirectPath, type MediaType } from "@whiskeysockets/baileys";
import { type Dispatcher, request } from "undici";
import type { MediaKeys } from "./media-cipher.ts";
import type { Transport } from "./transport.ts";

const headersTimeoutMs = 60_000;

/** Asks a media server, over the transport of the sessions, for an encrypted file; the body has to be read or dumped. */
export async function requestFile(
  transport: Pick<Transport, "options">,
  url: string,
  signal: AbortSignal,
): Promise<Pick<Dispatcher.ResponseData, "statusCode" | "body">> {
  const dispatcher = dispatcherOf(transport);
  return await request(url, {
    ...(dispatcher === undefined ? {} : { dispatcher }),
    headers: { origin: DEFAULT_ORIGIN },
    headersTimeout: headersTimeoutMs,
    signal,
  });
}

/** Baileys types the key of the MAC as one that may be missing, and always makes it. */
export async function keysOf(mediaKey: Uint8Array | null | undefined, type: MediaType): Promise<MediaKeys> {
  const { iv, cipherKey, macKey } = await getMediaKeys(mediaKey, type);
  if (macKey === undefined) throw new Error("no key for the MAC of a file");
  return { iv, cipherKey, macKey };
}

/** The sender names the address: only WhatsApp's own hosts are asked. */
export function addressOf(file: {
  readonly url?: string | null;
  readonly directPath?: string | null;
}): string | undefined {
  const named = [file.directPath ? getUrlFromDirectPath(file.directPath) : undefined, file.url ?? undefined];
  return named.find((url) => url !== undefined && isWhatsAppUrl(url));
}

function isWhatsAppUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url?.protocol === "https:" && url.username === "" && url.port === "" && /(^|\.)whatsapp\.net$/.test(url.hostname)
  );
}

/** Where the transport sends what Baileys downloads. */
function dispatcherOf({ options }: Pick<Transport, "options">): Dispatcher | undefined {
  const dispatcher: unknown = Object(options.options).dispatcher;
  // Made by `sandboxTransport` with undici, too.
  return dispatcher as Dispatcher | undefined;
}
