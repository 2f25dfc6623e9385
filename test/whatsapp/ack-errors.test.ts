import { describe, expect, it } from "vitest";
import { ackErrorOf, ackErrors } from "#whatsapp/addressing/ack-errors.ts";

describe("codes in acks", () => {
  it.each([
    [400, "readdress", "final"],
    [403, "membership", "final"],
    [405, "onceMore", "final"],
    [408, "later", "later"],
    [421, "refetch", "final"],
    [425, "later", "later"],
    [429, "restricted", "restricted"],
    [463, "readdress", "restricted"],
    [475, "restricted", "restricted"],
    [479, "readdress", "final"],
    [500, "later", "later"],
    [503, "later", "later"],
  ])("%i: %s, and when that does not help %s", (code, remedy, otherwise) => {
    expect(ackErrorOf(code)).toMatchObject({ remedy, otherwise, isKnown: true });
  });

  it.each([
    [431, "onceMore", "final"],
    [487, "onceMore", "final"],
    [599, "later", "later"],
  ])("%i, which nobody knows: %s, then %s", (code, remedy, otherwise) => {
    expect(Object.keys(ackErrors)).not.toContain(String(code));
    expect(ackErrorOf(code)).toMatchObject({ remedy, otherwise, isKnown: false });
  });
});
