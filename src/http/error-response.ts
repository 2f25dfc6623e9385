import { errorTable, isWazapiError, WazapiError } from "#domain/errors.ts";

/** What a failed request answers. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly error: string; readonly code: string; readonly field?: string; readonly hint?: string };
  readonly headers: Readonly<Record<string, string>>;
}

/** Turns anything thrown into an answer. Unknown errors say `internal` and nothing about their cause. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const error = isWazapiError(thrown) ? thrown : new WazapiError("internal");
  const { status } = errorTable[error.code];
  const { field, hint, allow, retryAfterSeconds, challenge, closesConnection } = error.details;
  const headers: Record<string, string> = {};
  if (typeof allow === "string") headers["allow"] = allow;
  if (status === 429 || status === 503)
    headers["retry-after"] = typeof retryAfterSeconds === "number" ? String(retryAfterSeconds) : "1";
  if (status === 401 && typeof challenge === "string") headers["www-authenticate"] = challenge;
  if (closesConnection === true) headers["connection"] = "close";
  return {
    status,
    body: {
      error: error.message,
      code: error.code,
      ...(typeof field === "string" && { field }),
      ...(typeof hint === "string" && { hint }),
    },
    headers,
  };
}
