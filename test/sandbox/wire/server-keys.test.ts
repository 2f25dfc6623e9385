import { proto, type KeyPair } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { isSigned } from "#sandbox/signal/curve.ts";
import { createServerKeys } from "#sandbox/wire/server-keys.ts";

describe("server keys", () => {
  it("the same seed gives the same server, another seed another one", () => {
    const [one, same, other] = ["a", "a", "b"].map((seed) => createServerKeys(Buffer.from(seed)));
    expect(same).toEqual(one);
    expect(other!.root.public).not.toEqual(one!.root.public);
    expect(new Set([one!.root, one!.intermediate, one!.static].map(hexOf)).size).toBe(3);
  });

  it("the chain leads from the root over the intermediate to the static key, signature by signature", () => {
    const keys = createServerKeys(Buffer.from("a"));
    const { leaf, intermediate } = proto.CertChain.decode(keys.certChain);
    const { Details } = proto.CertChain.NoiseCertificate;
    const middle = Details.decode(intermediate!.details!);
    const last = Details.decode(leaf!.details!);
    expect(isSigned(keys.root.public, intermediate!.details!, intermediate!.signature!)).toBe(true);
    expect(isSigned(middle.key!, leaf!.details!, leaf!.signature!)).toBe(true);
    expect(isSigned(keys.root.public, leaf!.details!, leaf!.signature!)).toBe(false);
    expect(middle.issuerSerial).toBe(0);
    expect(last.issuerSerial).toBe(middle.serial);
    expect(Buffer.from(last.key!)).toEqual(Buffer.from(keys.static.public));
    expect([keys.root, keys.intermediate, keys.static].map((key) => key.public.length)).toEqual([32, 32, 32]);
  });
});

const hexOf = (key: KeyPair): string => Buffer.from(key.public).toString("hex");
