import { randomBytes } from "node:crypto";
import { buildPairingQRData, Browsers } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { parseQr } from "#sandbox/pairing/qr.ts";

const [noise, identity, secret] = [randomBytes(32), randomBytes(32), randomBytes(32)];
const ref = `2@${randomBytes(96).toString("base64")}`;
const fields = [ref, ...[noise, identity, secret].map((bytes) => bytes.toString("base64"))];
const whole = { ref, noisePublic: noise, identityPublic: identity, advSecret: secret };

describe("pairing QR", () => {
  it("is read as Baileys writes it", () => {
    const [one = "", two = "", three = ""] = fields.slice(1);
    expect(parseQr(buildPairingQRData(ref, one, two, three, Browsers.ubuntu("Chrome")))).toEqual(whole);
  });

  it.each([
    ["bare, with a platform", `${fields.join(",")},1`],
    ["bare, without one", fields.join(",")],
    ["with white space around it", `\n ${fields.join(",")},1 \n`],
  ])("%s", (_what, text) => {
    expect(parseQr(text)).toEqual(whole);
  });

  it.each([
    ["nothing", ""],
    ["three fields", fields.slice(0, 3).join(",")],
    ["six fields", `${fields.join(",")},1,2`],
    ["no ref", [``, ...fields.slice(1)].join(",")],
    ["a short key", [ref, fields[1], "AAAA", fields[3]].join(",")],
    ["a key with rubbish in it", [ref, fields[1], `*${fields[2]}`, fields[3]].join(",")],
    ["another link", `https://example.com/#${fields.join(",")}`],
  ])("%s is invalid", (_what, text) => {
    expect(() => parseQr(text)).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});
