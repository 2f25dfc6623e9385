import type { IncomingMessage, ServerResponse } from "node:http";
import { systemClock } from "#lib/clock.ts";
import { type AddressGuard, createAddressGuard } from "#lib/guard.ts";
import { sleep } from "#lib/sleep.ts";
import type { Formats } from "#media/formats/formats.ts";
import { createIngest, type Ingest, type IngestInput, type IngestOptions } from "#media/ingest.ts";
import { defaultMaxDocumentBytes } from "#media/kinds.ts";
import { createRemote, defaultRemoteOptions, type RemoteOptions } from "#media/source/remote.ts";
import { type LocalStorage, openLocalStorage } from "#media/storage/local-storage.ts";
import type { MediaStore } from "#store/media.ts";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openTempDir } from "./temp-dir.ts";
import { startWeb, type Web } from "./web.ts";

type Kept = Parameters<MediaStore["keep"]>[0];

/** Everything that handing in needs, with a web server to fetch from. */
export interface IngestRig extends AsyncDisposable {
  readonly web: Web;
  readonly local: LocalStorage;
  readonly ingest: Ingest;
  readonly take: (input: Partial<IngestInput> & { readonly source: string }) => ReturnType<Ingest>;
  /** Rows that were written. */
  readonly kept: readonly Kept[];
  /** Files that were begun and not put in their place. */
  readonly leftovers: () => Promise<readonly string[]>;
  readonly directory: string;
}

/** Looks at nothing and converts nothing. */
const asItIs: Pick<Formats, "prepare"> = {
  prepare: async () => ({ facts: {}, [Symbol.asyncDispose]: async () => {} }),
};

/** Opens a rig; its guard lets the loopback through unless another is given. */
export async function openIngestRig(
  options: {
    readonly answer?: (request: IncomingMessage, response: ServerResponse) => void;
    readonly guard?: AddressGuard;
    readonly remote?: Partial<RemoteOptions>;
    readonly ingest?: Partial<IngestOptions>;
    readonly formats?: Pick<Formats, "prepare">;
  } = {},
): Promise<IngestRig> {
  await using parts = new AsyncDisposableStack();
  const dir = parts.use(await openTempDir());
  const web = parts.use(await startWeb(options.answer ?? ((_, response) => void response.writeHead(404).end())));
  const guard = options.guard ?? createAddressGuard({ allowPrivate: false, allowLoopback: true });
  const remote = createRemote({ guard, sleep }, { ...defaultRemoteOptions, ...options.remote });
  const local = await openLocalStorage({ clock: systemClock }, dir.path);
  const kept: Kept[] = [];
  const ingest = createIngest(
    {
      remote,
      local,
      media: { keep: async (row) => void kept.push(row), get: async () => undefined },
      contents: { read: async () => Promise.reject(new Error("nothing is kept")) },
      formats: options.formats ?? asItIs,
      clock: systemClock,
    },
    { maxDocumentBytes: defaultMaxDocumentBytes, keepMs: 1_000, upload: false, ...options.ingest },
  );
  const owned = parts.move();
  return {
    web,
    local,
    ingest,
    kept,
    directory: dir.path,
    take: (input) => ingest({ instanceId: "I", kind: "image", ...input }, new AbortController().signal),
    leftovers: () => readdir(join(dir.path, "staging")),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
