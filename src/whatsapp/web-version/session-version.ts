import type { WAVersion } from "@whiskeysockets/baileys";
import type { SessionView } from "#domain/session.ts";
import type { Log } from "#lib/log.ts";
import type { WebVersions } from "./web-version.ts";

/** The version that one session presents, and what WhatsApp thinks of it. */
export interface SessionVersion {
  /** For the socket that opens now; undefined presents the client library's own. */
  readonly forConnection: (signal: AbortSignal) => Promise<WAVersion | undefined>;
  /** WhatsApp seems to refuse it. Answers whether there is another: then trying again need not wait. */
  readonly refused: () => Promise<boolean>;
  /** WhatsApp announced its end (epoch milliseconds). */
  readonly expires: (at: number) => void;
  /** Nobody could link, which may be for the version; WhatsApp does not tell. */
  readonly linkingFailed: () => void;
  readonly view: () => Pick<SessionView, "version">;
}

/** A newer version is not looked for more often than this because nobody scanned. */
const unpairedRenewMs = 10 * 60_000;

/** A `pinned` version is presented whatever the process knows; without `versions` nothing is known. */
export function createSessionVersion(
  deps: { readonly versions: WebVersions | undefined; readonly log: Log },
  pinned: WAVersion | undefined,
): SessionVersion {
  const { versions, log } = deps;
  let presented: WAVersion | undefined;
  let expiresAt: number | undefined;
  return {
    forConnection: async (signal) => {
      presented = pinned ?? (await versions?.forConnection(signal));
      expiresAt = undefined;
      return presented;
    },
    refused: async () => (await versions?.refused(presented)) ?? false,
    expires: (at) => {
      expiresAt = at;
      log.warn({ at }, "WhatsApp announces that it will take this version no more");
      void versions?.refused(presented);
    },
    linkingFailed: () => void versions?.renew(unpairedRenewMs),
    view: () => {
      if (versions === undefined) return {};
      return { version: { ...versions.present(), ...(expiresAt === undefined ? {} : { expiresAt }) } };
    },
  };
}
