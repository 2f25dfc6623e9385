import type { Sealer } from "./store.ts";

/** Seals a text as UTF-8. */
export function sealText(sealer: Sealer, text: string): Buffer {
  return Buffer.from(sealer.seal(Buffer.from(text, "utf8")));
}

/** The text that `sealText` sealed. Throws `storage` like the sealer. */
export function openText(sealer: Sealer, sealed: Uint8Array): string {
  return Buffer.from(sealer.open(sealed)).toString("utf8");
}
