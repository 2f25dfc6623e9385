import { WazapiError } from "#domain/errors.ts";
import { StalledError } from "./flow.ts";

/** A source that cannot be used: `media_rejected` with a sentence for whoever named it. */
export function rejected(
  message: string,
  options: { details?: Record<string, unknown>; cause?: unknown } = {},
): WazapiError {
  return new WazapiError("media_rejected", { message, ...options });
}

/** Z-API's sentence for a web page in place of a file. */
export function looksLikeHtml(): WazapiError {
  return rejected("The url informed is not a valid url in the media format, apparently it can be an html");
}

/** The failure of a request as its caller understands it; what is a `WazapiError` already stays as it is. */
export function sourceError(error: unknown): WazapiError {
  if (error instanceof WazapiError) return error;
  if (error instanceof StalledError) return rejected("the server of the media took too long", { cause: error });
  const codes = codesOf(error);
  if (codes.includes("WAZAPI_FORBIDDEN_ADDRESS")) return new WazapiError("forbidden_address", { cause: error });
  const reason = reasons.find(([pattern]) => codes.some((code) => pattern.test(code)))?.[1];
  return rejected(reason ?? "the server of the media broke the connection", { cause: error });
}

const reasons: readonly (readonly [pattern: RegExp, message: string])[] = [
  [
    /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)|CERT/,
    "the server of the media has no valid certificate",
  ],
  [/^(?:ENOTFOUND|EAI_)/, "the host of the media does not exist"],
  [/^ETIMEDOUT$/, "the server of the media took too long"],
  [/^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES)$/, "the server of the media cannot be reached"],
  [/^HPE_/, "the server of the media does not speak HTTP"],
  [/^Z_/, "the server of the media sent a damaged file"],
];

/** Codes of an error, of its causes, and of the tries to several addresses it stands for. */
function codesOf(error: unknown, depth = 0): readonly string[] {
  if (!(error instanceof Error) || depth > 4) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const several = error instanceof AggregateError ? error.errors.flatMap((one) => codesOf(one, depth + 1)) : [];
  return [...own, ...several, ...codesOf(error.cause, depth + 1)];
}
