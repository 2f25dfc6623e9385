import { z } from "zod";
import { SandboxError } from "../sandbox-error.ts";

const digits = /^\d{5,20}$/;

/** A phone number: digits with country code; a leading + is dropped. */
export const phoneNumber = z
  .string()
  .transform((text) => text.replace(/^\+/, ""))
  .pipe(z.string().regex(digits, "must be a phone number in digits with country code"));

/** Attributes of a stanza. */
export const attributes = z.record(z.string().min(1).max(64), z.string().max(1024));

/** A number, a jid, or a group's id. */
export const recipient = z.string().regex(/^\+?[\w.:-]+(?:@[\w.]+)?$/, "must be a number, a jid or a group id");

/** A name that people see. */
export const accountName = z.string().min(1).max(256);

/** How many copies of a message are sent. */
export const count = z.int().min(1).max(10_000).exactOptional();

/** The {number} of a path. */
export function numberOf(params: Readonly<Record<string, string>>): string {
  const number = (params["number"] ?? "").replace(/^\+/, "");
  if (!digits.test(number)) throw new SandboxError("invalid", "the path needs a phone number in digits");
  return number;
}

/** The {id} of a path as a group's jid. */
export function groupOf(params: Readonly<Record<string, string>>): string {
  const id = params["id"] ?? "";
  return id.includes("@") ? id : `${id}@g.us`;
}

/** A query parameter that is a whole number; 0 when absent. */
export function wholeNumber(query: URLSearchParams, name: string, limits: { readonly max: number }): number {
  const text = query.get(name);
  if (text === null || text === "") return 0;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > limits.max) {
    throw new SandboxError("invalid", `${name} must be a whole number up to ${limits.max}`);
  }
  return value;
}

/** A query parameter that is on when it is there and not `0` or `false`. */
export function flag(query: URLSearchParams, name: string): boolean {
  return query.has(name) && !["0", "false"].includes(query.get(name) ?? "");
}
