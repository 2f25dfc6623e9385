import { decodeBinaryNode, encodeBinaryNode } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import {
  bytesOf,
  childOf,
  childrenOf,
  printStanza,
  serverJid,
  stanza,
  textOf,
  uintBytes,
  uintOf,
} from "#sandbox/wire/stanza.ts";

const sample = stanza("iq", { id: 7, type: "set", to: undefined, from: serverJid }, [
  stanza("ref", {}, Buffer.from("one")),
  stanza("other"),
  stanza("ref", {}, Buffer.from("two")),
]);

describe("stanza", () => {
  it("leaves out what is undefined and survives the wire", async () => {
    expect(sample.attrs).toEqual({ id: "7", type: "set", from: "@s.whatsapp.net" });
    const back = await decodeBinaryNode(encodeBinaryNode(sample));
    expect(back.attrs).toEqual(sample.attrs);
    expect(childrenOf(back, "ref").map(textOf)).toEqual(["one", "two"]);
  });

  it("finds children and content, and nothing where there is none", () => {
    expect(textOf(childOf(sample, "ref"))).toBe("one");
    expect(childrenOf(sample)).toHaveLength(3);
    expect(childOf(sample, "missing")).toBeUndefined();
    expect(childrenOf(childOf(sample, "ref"))).toEqual([]);
    expect(childrenOf(undefined)).toEqual([]);
    expect(bytesOf(sample)).toBeUndefined();
    expect(bytesOf(childOf(sample, "other"))).toBeUndefined();
    expect(bytesOf(stanza("x", {}, "text"))).toEqual(Buffer.from("text"));
  });

  it.each([
    [0, 1, "00"],
    [1, 3, "000001"],
    [0x12345678, 4, "12345678"],
  ])("%d in %d bytes", (value, length, hex) => {
    const bytes = uintBytes(value, length);
    expect(Buffer.from(bytes).toString("hex")).toBe(hex);
    expect(uintOf(bytes)).toBe(value);
  });

  it("no number comes from no bytes, or from too many", () => {
    expect(uintOf(undefined)).toBeUndefined();
    expect(uintOf(new Uint8Array(0))).toBeUndefined();
    expect(uintOf(new Uint8Array(7))).toBeUndefined();
  });

  it("prints lengths instead of bytes, and cuts long lists", () => {
    expect(printStanza(sample)).toBe(
      '<iq id="7" type="set" from="@s.whatsapp.net"><ref>#3 bytes</ref><other/><ref>#3 bytes</ref></iq>',
    );
    const long = stanza(
      "list",
      {},
      Array.from({ length: 812 }, () => stanza("key")),
    );
    expect(printStanza(long)).toBe(`<list>${"<key/>".repeat(6)}…(806 more key)</list>`);
    expect(printStanza(stanza("x", { a: "y".repeat(9000) })).length).toBeLessThan(4100);
  });
});
