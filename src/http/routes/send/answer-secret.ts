import { randomBytes } from "node:crypto";

/** What answers to a poll or an event are encrypted with: made when it is accepted, so that every try has the same. */
export function newSecret(): string {
  return randomBytes(32).toString("base64");
}
