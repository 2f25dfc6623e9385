import { hash, timingSafeEqual } from "node:crypto";

/** SHA-256: secrets of any length become comparable in constant time. */
export function digest(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

/** Whether this is the secret behind the digest; takes the same time for every guess of the same length. */
export function isSecret(guess: string, expected: Buffer): boolean {
  return timingSafeEqual(digest(guess), expected);
}
