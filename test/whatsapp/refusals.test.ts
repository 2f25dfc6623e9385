import { describe, expect, it } from "vitest";
import { refusalText, type Refusal } from "#domain/refusal.ts";
import { closeOf, unknownOf } from "#whatsapp/staying/close.ts";
import { refusalOf } from "#whatsapp/staying/refusals.ts";

const now = Date.parse("2026-12-01T10:00:00Z");

describe("what a refusal says", () => {
  it.each<[string, Record<string, string>, Refusal, string]>([
    [
      "restricted for messages to strangers, for two hours",
      { reason: "402", code: "101", expire: "7200", location: "vll" },
      { kind: "restricted", code: 402, cause: "strangers", until: now + 7_200_000 },
      "WhatsApp restricts this account until 2026-12-01T12:00:00Z: too many messages to people who do not know this number (code 402)",
    ],
    [
      "restricted for having been blocked",
      { reason: "402", code: "102", expire: "60" },
      { kind: "restricted", code: 402, cause: "blocked", until: now + 60_000 },
      "WhatsApp restricts this account until 2026-12-01T10:01:00Z: too many people blocked this number (code 402)",
    ],
    [
      "restricted for groups",
      { reason: "402", code: "103", expire: "60" },
      { kind: "restricted", code: 402, cause: "groups", until: now + 60_000 },
      "WhatsApp restricts this account until 2026-12-01T10:01:00Z: too many groups with people who do not know this number (code 402)",
    ],
    [
      "restricted for one text, end as a moment",
      { reason: "402", code: "104", expire: String(now / 1000 + 86_400) },
      { kind: "restricted", code: 402, cause: "repeated", until: now + 86_400_000 },
      "WhatsApp restricts this account until 2026-12-02T10:00:00Z: the same message was sent too often (code 402)",
    ],
    [
      "restricted for broadcast lists, without an end",
      { reason: "402", code: "106" },
      { kind: "restricted", code: 402, cause: "broadcast" },
      "WhatsApp restricts this account: too much was sent to broadcast lists (code 402)",
    ],
    [
      "restricted for something new, until nobody knows when",
      { reason: "402", code: "999", expire: "soon" },
      { kind: "restricted", code: 402, cause: "unknown" },
      "WhatsApp restricts this account (code 402)",
    ],
    [
      "locked, in WhatsApp's own words",
      {
        reason: "403",
        logout_message_header: "Sua conta foi bloqueada",
        logout_message_subtext: "Peça uma\n revisão\u0000",
      },
      { kind: "locked", code: 403, header: "Sua conta foi bloqueada", subtext: "Peça uma revisão" },
      "WhatsApp has locked this account; its owner has to act on the phone (code 403). It says: Sua conta foi bloqueada — Peça uma revisão",
    ],
    [
      "banned",
      { reason: "406" },
      { kind: "banned", code: 406 },
      "WhatsApp has banned this account; its owner can ask for a review on the phone (code 406)",
    ],
    [
      "version",
      { reason: "405" },
      { kind: "version", code: 405 },
      "WhatsApp refuses this version of WhatsApp Web (code 405)",
    ],
    ["agent", { reason: "409" }, { kind: "client", code: 409 }, "WhatsApp refuses this program (code 409)"],
    ["something new", { reason: "499" }, { kind: "unknown", code: 499 }, "WhatsApp refuses the login (code 499)"],
    ["no number", { reason: "x" }, { kind: "server", code: 500 }, "WhatsApp is not available (code 500)"],
  ])("%s", (_name, attrs, refusal, text) => {
    expect(refusalOf(attrs, now)).toEqual(refusal);
    expect(refusalText(refusal)).toBe(text);
  });

  it("what the server says is cut, not in the middle of a character", () => {
    const { header, subtext } = refusalOf(
      { reason: "403", logout_message_header: `a${"🔒".repeat(5_000)}`, logout_message_subtext: "x".repeat(100_000) },
      now,
    );
    expect(header).toBe(`a${"🔒".repeat(99)}`);
    expect(subtext).toHaveLength(600);
  });
});

describe("how a connection ended", () => {
  const boom = (statusCode: number, data?: unknown): unknown => ({ output: { statusCode }, data });
  const at = { now, early: false };

  it("a failure with its attributes", () => {
    const error = boom(402, { reason: "402", code: "103", expire: "10" });
    expect(closeOf(error, at)).toEqual({
      statusCode: 402,
      refusal: { kind: "restricted", code: 402, cause: "groups", until: now + 10_000 },
    });
    expect(unknownOf(error)).toEqual([]);
  });

  it("the end of a stream has no refusal", () => {
    expect(closeOf(boom(503, { tag: "ack", attrs: {} }), { ...at, early: true })).toEqual({
      statusCode: 503,
      early: true,
    });
    expect(closeOf(new Error("lost"), at)).toEqual({ statusCode: 428 });
  });

  it("a refused websocket is that, whatever number the error got", () => {
    const upgrade = { status: 401 };
    expect(closeOf(boom(401), { ...at, upgrade })).toEqual({ statusCode: 428, upgrade });
  });

  it.each([
    [boom(477, { reason: "477", mood: "bad" }), ["failure 477", "attribute failure mood"]],
    [boom(402, { reason: "402", code: "107" }), ["failure 402 code 107"]],
    [boom(517, { tag: "stream:error", attrs: {} }), ["close 517"]],
    [boom(515), []],
    [boom(428), []],
  ])("what nobody here knows is named: %j", (error, names) => {
    expect(unknownOf(error).map(({ kind, name }) => `${kind} ${name}`)).toEqual(names);
  });
});
