import { createHmac, randomBytes } from "node:crypto";

import { digest, isSecret } from "../digest.ts";

/** What a link of the passkey page opens. */
export interface PasskeyLink {
  readonly instanceId: string;
  /** The ceremony it is for: it names one challenge on one connection. */
  readonly ceremony: string;
  /** `page` takes the passkey, once; `progress` then shows how it goes on. */
  readonly kind: "page" | "progress";
}

/** The one-time links of the passkey page. Only digests of their tokens are kept, in memory; another process knows none. */
export interface PasskeyLinks {
  /** The token of this link, the same each time; it is known from now on. */
  readonly tokenOf: (link: PasskeyLink) => string;
  /** What the token opens; undefined for one that nobody gave out or that was used. */
  readonly find: (token: string) => PasskeyLink | undefined;
  /** It opens nothing any more. */
  readonly spend: (token: string) => void;
}

const tokenBytes = 24;
/** Links remembered; the oldest is forgotten first. */
const maxLinks = 1_000;

/** Knows no link yet. */
export function createPasskeyLinks(): PasskeyLinks {
  const key = randomBytes(32);
  const known = new Map<string, { readonly link: PasskeyLink; readonly expected: Buffer }>();
  const spent = new Set<string>();
  return {
    tokenOf: (link) => {
      const { kind, instanceId, ceremony } = link;
      const mac = createHmac("sha256", key).update(`${kind}|${instanceId}|${ceremony}`).digest();
      const token = mac.subarray(0, tokenBytes).toString("base64url");
      const expected = digest(token);
      const name = expected.toString("hex");
      if (!spent.has(name)) known.set(name, { link, expected });
      forgetOldest(known);
      return token;
    },
    find: (token) => {
      const found = known.get(digest(token).toString("hex"));
      return found !== undefined && isSecret(token, found.expected) ? found.link : undefined;
    },
    spend: (token) => {
      const name = digest(token).toString("hex");
      known.delete(name);
      spent.add(name);
      forgetOldest(spent);
    },
  };
}

function forgetOldest(entries: {
  readonly size: number;
  keys(): Iterator<string>;
  delete(key: string): boolean;
}): void {
  if (entries.size <= maxLinks) return;
  const oldest = entries.keys().next();
  if (oldest.done !== true) entries.delete(oldest.value);
}
