import type { Readable } from "node:stream";
import { WazapiError } from "#domain/errors.ts";
import type { FilePlace, StoredFile } from "#store/media.ts";
import type { ByteRange, LocalStorage } from "./local-storage.ts";
import type { PresignedLook, S3Storage } from "./s3-storage.ts";

/** Contents wherever they lie. */
export interface Contents {
  /** Its bytes from this disk, else from the bucket. Throws `unavailable` when neither has them now, `not_found` when they are gone. */
  readonly read: (file: StoredFile & FilePlace, range: ByteRange | undefined, signal: AbortSignal) => Promise<Readable>;
  /** Whether this disk has it. */
  readonly isHere: (sha256: string) => Promise<boolean>;
  /** A URL of the bucket; undefined when it is in none. */
  readonly presign: (file: StoredFile & FilePlace, look: PresignedLook) => Promise<string | undefined>;
}

/** Joins this disk and the bucket, when there is one. */
export function createContents(deps: { readonly local: LocalStorage; readonly s3: S3Storage | undefined }): Contents {
  const { local, s3 } = deps;
  return {
    read: async (file, range, signal) => {
      const here = await local.read(file.sha256, range);
      if (here !== undefined) return here;
      if (file.storage === "local") throw elsewhere();
      if (s3 === undefined)
        throw new WazapiError("unavailable", { message: "the file is in a bucket that is not configured" });
      return await s3.read({ bucket: file.bucket, sha256: file.sha256 }, range, signal);
    },
    isHere: async (sha256) => (await local.size(sha256)) !== undefined,
    presign: async (file, look) => {
      if (file.storage === "local" || s3 === undefined) return undefined;
      return await s3.presign({ bucket: file.bucket, sha256: file.sha256 }, look);
    },
  };
}

function elsewhere(): WazapiError {
  return new WazapiError("unavailable", { message: "the file lies on another node, or its disk is gone" });
}
