import type { z } from "zod";
import { describe, expect, it } from "vitest";
import {
  address,
  bytes,
  duration,
  inBytes,
  inUnits,
  key32,
  keyBytes,
  text,
  url,
  version,
  whole,
  word,
  yesNo,
} from "#config/value.ts";

const dsn = "postgres://wa:p%40ss@db/wazapi";

describe("values", () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ["a text", text(), "  words ", "words"],
    ["a word in capitals", word("debug", "info"), " INFO ", "info"],
    ["a number", whole(0), 12, 12],
    ["digits", whole(0), " 12 ", 12],
    ["a negative number", whole(-5), "-3", -3],
    ["true", yesNo, true, true],
    ["yes", yesNo, "Yes", true],
    ["0", yesNo, "0", false],
    ["milliseconds as a number", duration(0), 1_500, 1_500],
    ["milliseconds", duration(0), "250ms", 250],
    ["seconds", duration(0), "15s", 15_000],
    ["half a minute", duration(0), "0.5m", 30_000],
    ["days, with a space", duration(0), "7 d", 604_800_000],
    ["weeks", duration(0), "1w", 604_800_000],
    ["nothing needs no unit", duration(0), "0", 0],
    ["bytes", bytes(0), "2048", 2_048],
    ["millions of bytes", bytes(0), "64MB", 64_000_000],
    ["binary millions of bytes", bytes(0), "64MiB", 67_108_864],
    ["a host and a port", address, "localhost:80", { host: "localhost", port: 80 }],
    ["an IPv6 address", address, "[::1]:8080", { host: "::1", port: 8_080 }],
    ["any free port", address, "127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["both halves apart", address, { host: "0.0.0.0", port: "9000" }, { host: "0.0.0.0", port: 9_000 }],
    ["a URL without its last slash", url("http", "https"), "https://a.example/x/", "https://a.example/x"],
    ["a database", url("postgres"), dsn, dsn],
    ["a hexadecimal key", key32, "ab".repeat(32), "ab".repeat(32)],
    ["a base64 key", key32, Buffer.alloc(32, 7).toString("base64"), Buffer.alloc(32, 7).toString("base64")],
    ["a version", version, "2.3000.1023", [2, 3_000, 1_023]],
  ])("%s is taken", (_, schema, raw, value) => {
    expect(schema.parse(raw)).toEqual(value);
  });

  it.each<[string, z.ZodType, unknown]>([
    ["an empty text", text(), "  "],
    ["a short token", text(16), "fifteen letters"],
    ["a number as text", text(), 12],
    ["another word", word("debug", "info"), "verbose"],
    ["a fraction", whole(0), "1.5"],
    ["a number out of range", whole(0, 10), 11],
    ["no number", whole(0), "many"],
    ["a number beyond what is exact", whole(0), "99999999999999999"],
    ["maybe", yesNo, "maybe"],
    ["a number for a yes", yesNo, 1],
    ["a length of time without a unit", duration(0), "15"],
    ["an unknown unit", duration(0), "15y"],
    ["an infinite wait", duration(0), Infinity],
    ["a wait that a timer cannot take", duration(0), "25d"],
    ["an amount in an unknown unit", bytes(0), "3 PB"],
    ["a port without a host", address, ":8080"],
    ["a host without a port", address, "localhost"],
    ["a port out of range", address, "localhost:70000"],
    ["a URL as an address", address, "http://localhost:80"],
    ["a URL of another kind", url("http"), "ftp://a.example"],
    ["no URL", url("http"), "a.example"],
    ["a key of another length", key32, "ab".repeat(31)],
    ["a pass phrase", key32, "correct horse battery staple"],
    ["a range as version", version, "^2.3000"],
  ])("%s is refused", (_, schema, raw) => {
    const message = schema.safeParse(raw).error?.issues[0]?.message;
    expect(message).toMatch(/^must /);
  });

  it("a key: both spellings mean the same bytes", () => {
    const key = Buffer.alloc(32, 0xfb);
    expect(keyBytes(key.toString("hex"))).toEqual(key);
    expect(keyBytes(key.toString("base64"))).toEqual(key);
    expect(keyBytes(key.toString("base64url"))).toEqual(key);
  });

  it.each([
    [0, "0ms"],
    [250, "250ms"],
    [1_500, "1500ms"],
    [15_000, "15s"],
    [86_400_000, "1d"],
    [604_800_000, "7d"],
  ])("%d milliseconds are shown as %s", (ms, shown) => {
    expect(inUnits(ms)).toBe(shown);
    expect(duration(0).parse(shown)).toBe(ms);
  });

  it.each([
    [1_000, "1000B"],
    [67_108_864, "64MiB"],
    [0, "0B"],
  ])("%d bytes are shown as %s", (amount, shown) => {
    expect(inBytes(amount)).toBe(shown);
    expect(bytes(0).parse(shown)).toBe(amount);
  });
});
