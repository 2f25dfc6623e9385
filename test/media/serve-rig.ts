import { createHash, randomBytes } from "node:crypto";
import { silentLog } from "#lib/log.ts";
import { type Arrivals, createArrivals } from "#media/links/arrivals.ts";
import {
  createServeMedia,
  defaultServeOptions,
  type ServeMedia,
  type ServeMediaOptions,
} from "#media/links/serve-media.ts";
import { createUrlSigner, type UrlSigner } from "#media/links/sign-url.ts";
import { createContents } from "#media/storage/contents.ts";
import { type LocalStorage, openLocalStorage } from "#media/storage/local-storage.ts";
import type { S3Storage } from "#media/storage/s3-storage.ts";
import type { NewMedia } from "#store/media.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { newMedia, openTestStores, type TestStores } from "./stores.ts";
import { openTempDir } from "./temp-dir.ts";

/** Rows, a disk and what serves them. */
export interface ServeRig extends AsyncDisposable {
  readonly stores: TestStores;
  readonly local: LocalStorage;
  readonly time: FakeTime;
  readonly arrivals: Arrivals;
  readonly signer: UrlSigner;
  readonly serve: ServeMedia;
  readonly contents: ReturnType<typeof createContents>;
  /** The server begins to stop. */
  readonly stop: () => void;
  /** A row that waits to be fetched. */
  readonly expect: (over?: Partial<NewMedia>) => Promise<NewMedia>;
  /** Fetches the row that waits: with these bytes, or in vain. */
  readonly arrive: (row: NewMedia, bytes: Buffer | string, mimeType?: string) => Promise<{ readonly sha256: string }>;
}

/** Opens a rig whose time only moves when a test says so. */
export async function openServeRig(
  options: Partial<ServeMediaOptions> = {},
  s3?: S3Storage,
  start?: number,
): Promise<ServeRig> {
  await using parts = new AsyncDisposableStack();
  const dir = parts.use(await openTempDir());
  const stores = parts.use(await openTestStores());
  const time = createFakeTime(start);
  const local = await openLocalStorage({ clock: time.clock }, dir.path);
  const { clock, sleep } = time;
  const arrivals = createArrivals({ media: stores.media, clock, sleep });
  const signer = createUrlSigner(randomBytes(32));
  const contents = createContents({ local, s3 });
  const stopping = new AbortController();
  const deps = { arrivals, contents, signer, stopping: stopping.signal, clock, log: silentLog };
  const owned = parts.move();
  return {
    stores,
    local,
    time,
    arrivals,
    signer,
    contents,
    stop: () => stopping.abort(),
    serve: createServeMedia(deps, { ...defaultServeOptions, ...options }),
    expect: async (over = {}) => {
      const row = newMedia({ expiresAt: clock.now() + 86_400_000, ...over });
      await stores.media.expect({ media: [row], now: clock.now() });
      return row;
    },
    arrive: async ({ mediaId, instanceId }, bytes, mimeType = "image/png") => {
      const now = clock.now();
      const claims = await stores.media.claim({ owner: "me", only: [instanceId], limit: 10, leaseMs: 60_000, now });
      const claim = claims.find((one) => one.mediaId === mediaId);
      if (claim === undefined) throw new Error("the row was not due");
      if (typeof bytes === "string") {
        await stores.media.settle({ claim, outcome: { state: "failed", attempts: 1, error: bytes }, now });
        arrivals.changed(mediaId);
        return { sha256: "" };
      }
      await using staged = await local.stage(
        (async function* () {
          yield bytes;
        })(),
        { maxBytes: 1_000_000_000 },
      );
      await staged.commit();
      const file = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length, mimeType };
      const outcome = { state: "stored", file, volume: local.volume, upload: s3 !== undefined } as const;
      await stores.media.settle({ claim, outcome, now });
      arrivals.changed(mediaId);
      return file;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
