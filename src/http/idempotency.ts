import { hash } from "node:crypto";

import { WazapiError } from "#domain/errors.ts";

/** What makes a repeated send recognisable: the caller's key, and a hash of what it asked for. */
export interface Idempotency {
  readonly idempotencyKey: string;
  readonly requestHash: string;
}

/**
 * Reads `Idempotency-Key`; undefined without one. The hash covers the operation and the parsed body, so spacing and
 * order of the JSON do not matter, nor do fields the route ignores. Throws `invalid_request` for an unusable key.
 */
export function readIdempotency(
  header: string | undefined,
  request: { readonly operationId: string; readonly params: unknown; readonly body: unknown },
): Idempotency | undefined {
  if (header === undefined) return undefined;
  if (!/^[\u0021-\u007e]{1,255}$/.test(header)) {
    throw new WazapiError("invalid_request", {
      message: "Idempotency-Key: expected 1 to 255 visible ASCII characters",
      details: { field: "Idempotency-Key" },
    });
  }
  const { operationId, params, body } = request;
  return { idempotencyKey: header, requestHash: hash("sha256", JSON.stringify([operationId, params, body]), "hex") };
}
