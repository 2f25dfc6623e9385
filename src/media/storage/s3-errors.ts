import { WazapiError } from "#domain/errors.ts";

/** Sentences for an operator by the name of S3's error, or the code of the operating system. */
const reasons: Readonly<Record<string, string>> = {
  NoSuchBucket: "the bucket does not exist",
  InvalidAccessKeyId: "the bucket does not know the access key",
  SignatureDoesNotMatch: "the bucket refuses the secret key",
  AuthorizationHeaderMalformed: "the bucket is in another region",
  PermanentRedirect: "the bucket is in another region",
  AccessDenied: "the bucket does not permit this",
  ExpiredToken: "the credentials for the bucket have expired",
  CredentialsProviderError: "there are no credentials for the bucket",
  RequestTimeTooSkewed: "the clock of this machine is wrong",
  SlowDown: "the bucket asks to go slower",
  QuotaExceeded: "the bucket is full",
  XMinioStorageFull: "the bucket is full",
  ECONNREFUSED: "the bucket cannot be reached: nothing listens at its address",
  ENOTFOUND: "the bucket cannot be reached: its host name is unknown",
  ECONNRESET: "the connection to the bucket is lost",
  EPIPE: "the connection to the bucket is lost",
  ETIMEDOUT: "the bucket did not answer in time",
  TimeoutError: "the bucket did not answer in time",
};

/** The failure of a request to S3: `not_found` for an object that is not there, else `unavailable` with the reason. */
export function s3Error(error: unknown): WazapiError {
  if (error instanceof WazapiError) return error;
  const names = namesOf(error);
  if (names.includes("NoSuchKey") || (names.includes("NotFound") && statusOf(error) === 404)) {
    return new WazapiError("not_found", { message: "the file is not in the bucket", cause: error });
  }
  const known = names.find((name) => Object.hasOwn(reasons, name));
  const status = statusOf(error);
  return new WazapiError("unavailable", {
    message: (known === undefined ? undefined : reasons[known]) ?? "the bucket cannot be used",
    details: { s3: known ?? names[0] ?? "unknown", ...(status === undefined ? {} : { status }) },
    cause: error,
  });
}

function namesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const code = "code" in error && typeof error.code === "string" ? [error.code] : [];
  // The code first: the SDK calls a reset connection a time-out.
  return [...code, error.name, ...namesOf(error.cause)];
}

/** The SDK puts the HTTP status under `$metadata`. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}
