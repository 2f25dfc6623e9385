/** Stable words for a try without an answer. */
export type FailureWord = "refused" | "reset" | "timeout" | "dns" | "tls" | "forbidden_address";

/** The word for an error of the HTTP client. What is unknown counts as `reset`: there was a connection and no answer. */
export function failureWord(error: unknown): FailureWord {
  const codes = codesOf(error);
  return words.find(([, pattern]) => codes.some((code) => pattern.test(code)))?.[0] ?? "reset";
}

const words: readonly (readonly [FailureWord, RegExp])[] = [
  ["forbidden_address", /^WAZAPI_FORBIDDEN_ADDRESS$/],
  ["tls", /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)|CERT/],
  ["dns", /^(?:ENOTFOUND|EAI_)/],
  ["timeout", /^(?:ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT|WAZAPI_TIMEOUT)$/],
  ["refused", /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES)$/],
];

/** Codes of an error, of its causes, and of the tries to several addresses it stands for. */
function codesOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 4) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const several = error instanceof AggregateError ? error.errors.flatMap((one) => codesOf(one, depth + 1)) : [];
  return [...own, ...several, ...codesOf(error.cause, depth + 1)];
}
