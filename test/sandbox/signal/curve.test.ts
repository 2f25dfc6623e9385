import * as fc from "fast-check";
import { verifySignature } from "libsignal/src/curve.js";
import { Curve } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { deriveKeyPair, isSigned, sign, signalKey } from "#sandbox/signal/curve.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

describe("signatures", () => {
  it("are right for libsignal and for us, and wrong for both once a bit is turned", () => {
    fc.assert(
      fc.property(
        bytes(32),
        fc.uint8Array({ maxLength: 80 }),
        fc.nat({ max: 511 }),
        fc.boolean(),
        (seed, message, bit, isPlain) => {
          const key = deriveKeyPair(seed, "test");
          const signature = Buffer.from(sign(isPlain ? { private: key.private, public: key.public } : key, message));
          const theirs = (bytes: Buffer): boolean =>
            verifySignature(signalKey(key.public), Buffer.from(message), bytes);
          expect(theirs(signature)).toBe(true);
          expect(isSigned(key.public, message, signature)).toBe(true);
          expect(isSigned(signalKey(key.public), message, signature)).toBe(true);
          signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(isSigned(key.public, message, signature)).toBe(false);
          expect(theirs(signature)).toBe(false);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("of others, of other messages and of no form at all are none", () => {
    const [key, other] = [deriveKeyPair(Buffer.from("a"), "x"), deriveKeyPair(Buffer.from("b"), "x")];
    const message = Buffer.from("message");
    const signature = sign(key, message);
    expect(isSigned(other.public, message, signature)).toBe(false);
    expect(isSigned(key.public, Buffer.from("massage"), signature)).toBe(false);
    expect(isSigned(key.public, message, signature.subarray(1))).toBe(false);
    expect(isSigned(key.public.subarray(1), message, signature)).toBe(false);
    expect(isSigned(new Uint8Array(0), message, signature)).toBe(false);
    fc.assert(fc.property(bytes(32), bytes(64), (publicKey, random) => !isSigned(publicKey, message, random)));
  });

  it("derived keys are keys of the curve", () => {
    const key = deriveKeyPair(Buffer.from("seed"), "label");
    const other = Curve.generateKeyPair();
    const ours = Curve.sharedKey(Buffer.from(key.private), Buffer.from(other.public));
    expect(ours).toEqual(Curve.sharedKey(other.private, Buffer.from(key.public)));
    expect(deriveKeyPair(Buffer.from("seed"), "label")).toEqual(key);
    expect(deriveKeyPair(Buffer.from("seed"), "other")).not.toEqual(key);
  });
});
