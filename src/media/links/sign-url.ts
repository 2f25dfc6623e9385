import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** Signs addresses so that whoever has one needs no token until it expires. */
export interface UrlSigner {
  /** The path with its expiry (epoch milliseconds, cut to seconds) and signature. */
  readonly sign: (path: string, expiresAt: number) => string;
  /** What a signed address is worth at `now`; `path` as it stands in the URL. */
  readonly verify: (
    input: { readonly path: string; readonly expires: string; readonly signature: string },
    now: number,
  ) => "good" | "bad" | "expired";
}

/** The key is derived from the secret key of the installation: a new one ends every address given out. */
export function createUrlSigner(secretKey: Uint8Array): UrlSigner {
  const key = Buffer.from(hkdfSync("sha256", secretKey, new Uint8Array(0), "wazapi media addresses", 32));
  const macOf = (path: string, expires: string): Buffer =>
    createHmac("sha256", key).update(`${path}:${expires}`).digest();
  return {
    sign: (path, expiresAt) => {
      const expires = String(Math.floor(expiresAt / 1_000));
      return `${path}?expires=${expires}&signature=${macOf(path, expires).toString("base64url")}`;
    },
    verify: ({ path, expires, signature }, now) => {
      const given = Buffer.from(signature, "base64url");
      const expected = macOf(path, expires);
      const isGood = given.length === expected.length && timingSafeEqual(given, expected);
      if (!isGood || !/^\d{1,12}$/.test(expires)) return "bad";
      return Number(expires) * 1_000 > now ? "good" : "expired";
    },
  };
}
