import type { Attempt, Delivery } from "#store/deliveries.ts";

/** One try as the deliver stage saw it; whether it counts is for dispatch to say. */
export type Try = Omit<Attempt, "counted">;

/** What became of one try. */
export type Outcome =
  | { readonly kind: "delivered"; readonly attempt: Try }
  /** The endpoint answered, but not with 2xx. */
  | { readonly kind: "answered"; readonly attempt: Try; readonly retryAfterMs?: number }
  /** No answer: refused, reset, timed out, no such name, a bad certificate, an address that may not be called. */
  | { readonly kind: "unreachable"; readonly attempt: Try }
  /** The event itself cannot be put into a payload; no later try will change that. */
  | { readonly kind: "unrenderable"; readonly attempt: Try }
  /** We stopped before there was an outcome. */
  | { readonly kind: "canceled" };

/** One try of one delivery. Never rejects. */
export type Deliver = (
  input: { readonly delivery: Delivery; readonly secrets: readonly string[] },
  signal: AbortSignal,
) => Promise<Outcome>;
