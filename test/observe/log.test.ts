import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import type { Log } from "#lib/log.ts";
import { createLog, type LogOptions } from "#observe/log.ts";

const clock = { now: () => 1_700_000_000_000, monotonicMs: () => 0 };

/** A line as it is read back; the names in it are what is tested. */
interface Line {
  readonly [name: string]: unknown;
  readonly message: string;
  readonly said: string;
  readonly list: readonly unknown[];
  readonly wide: object;
  readonly deep: object;
  readonly chat_id: string;
  readonly error: { readonly message: string; readonly stack: string; readonly cause: unknown };
}

/** A log whose lines are kept. */
function openLog(options: Partial<LogOptions> = {}): {
  readonly log: Log;
  readonly lines: string[];
  readonly last: () => Line;
} {
  const lines: string[] = [];
  const log = createLog(
    { level: "info", format: "json", terminal: false, ...options },
    (line) => lines.push(line),
    clock,
  );
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "") as Line };
}

const phone = "5511999990001";
const jid = `${phone}@s.whatsapp.net`;

describe("a line", () => {
  it("is one object: time, level, component, message, then the fields in snake_case", () => {
    const { log, lines } = openLog();
    log
      .child({ component: "queue", instanceId: "AB12" })
      .info({ durationMs: 1.23456, nested: { fooBar: [1, null, true] } }, "sent");
    expect(lines).toEqual([
      '{"time":"2023-11-14T22:13:20.000Z","level":"info","component":"queue","message":"sent","instance_id":"AB12","duration_ms":1.235,"nested":{"foo_bar":[1,null,true]}}\n',
    ]);
  });

  it("its own names cannot be taken by fields", () => {
    const { log, last } = openLog();
    log.warn({ time: "then", level: "low" }, "one");
    expect(last()).toMatchObject({ time: "2023-11-14T22:13:20.000Z", level: "warn", message: "one" });
  });

  it.each([
    ["debug", ["debug", "info", "warn", "error"]],
    ["warn", ["warn", "error"]],
  ] as const)("at %s only the louder ones are written", (level, written) => {
    const { log, lines } = openLog({ level });
    for (const name of ["debug", "info", "warn", "error"] as const) log.child({})[name]({}, "x");
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(written);
  });

  it("an error comes with name, code, message, frames and causes", () => {
    const { log, last } = openLog();
    const cause = Object.assign(new Error("connect refused"), { code: "ECONNREFUSED" });
    log.error({ error: new WazapiError("storage", { cause, details: { rowCount: 3 } }) }, "failed");
    const { error } = last();
    expect(error).toMatchObject({ name: "WazapiError", code: "storage", details: { row_count: 3 } });
    expect(error.message).toBe("the database cannot be written");
    expect(error.stack).toMatch(/^at .*log\.test\.ts/);
    expect(error.cause).toMatchObject({ name: "Error", code: "ECONNREFUSED", message: "connect refused" });
  });
});

describe("what must not be read", () => {
  it.each([
    ["token", "a"],
    ["instanceToken", "a"],
    ["authorization", "Bearer a"],
    ["webhookSecrets", ["whsec_a"]],
    ["secretKey", Buffer.from("a")],
    ["idempotencyKey", "a"],
    ["postgresDsn", "postgres://a"],
    ["qr", "2@abc"],
    ["pairingCode", "ABCD1234"],
    ["code", "ABCD1234"],
    ["code", "abcdefgh"],
    ["code", "EABCDEFG"],
    ["code", "constructor"],
    ["payload", { any: 1 }],
    ["text", "hello"],
    ["messageText", "hello"],
    ["caption", "hello"],
    ["content", { conversation: "hello" }],
    ["body", "hello"],
    ["answer", "hello"],
    ["headers", { cookie: "a" }],
    ["password", "a"],
    ["pushName", "Ana"],
  ])("the value of %s is hidden", (name, value) => {
    const { log, lines, last } = openLog({ level: "debug" });
    log.debug({ deep: { [name]: value } }, "x");
    expect(Object.values(last().deep)).toEqual(["[hidden]"]);
    expect(lines.join()).not.toMatch(/hello|ABCD1234|abcdefgh|Ana|whsec_/);
  });

  it.each([
    ["code", "send_timeout"],
    ["code", "ECONNREFUSED"],
    ["code", "SQLITE_BUSY"],
    ["code", 428],
    ["fencingToken", 7],
    ["statusCode", 440],
    ["messageId", "3EB0AABBCC"],
    ["keyCount", 3],
  ])("%s %j is no secret", (name, value) => {
    const { log, last } = openLog();
    log.info({ [name]: value }, "x");
    expect(Object.values(last())).toContain(value);
  });

  it.each([
    ["the token in a path", "GET /instances/AB/token/S3CRET/send-text failed"],
    ["a bearer token", "sent authorization: Bearer S3CRET.S3CRET"],
    ["a webhook secret", "signed with whsec_S3CRET"],
    ["a password in a DSN", "cannot reach postgres://wazapi:S3CRET@db/wazapi"],
    ["the query of a URL", "GET https://cdn.example/file.jpg?X-Amz-Signature=S3CRET failed"],
    ["a QR code", "shown 2@S3CRETS3CRETS3CRETS3CRET,S3CRETabc=,S3CRET"],
    ["a long blob", `decoding ${"S3CRET".repeat(30)} failed`],
  ])("%s is cut out of every text", (_, words) => {
    const { log, lines } = openLog({ level: "debug" });
    log.debug({ said: words, list: [words], error: new Error(words, { cause: words }) }, "x");
    expect(lines[0]).not.toContain("S3CRET");
    expect(lines[0]).toContain("***");
  });

  it("what a parser quotes is not repeated", () => {
    const { log, lines } = openLog();
    const parse = (): unknown => JSON.parse('{"text": my private words}');
    try {
      parse();
    } catch (error) {
      log.error({ error }, "unreadable");
    }
    expect(lines[0]).toContain("SyntaxError");
    expect(lines[0]).not.toMatch(/private|words/);
  });
});

describe("people", () => {
  it.each([
    ["a JID", jid],
    ["a JID of a device", `${phone}:12@s.whatsapp.net`],
    ["a LID", "123456789012345@lid"],
    ["a group", "120363000000000000@g.us"],
    ["an old group", `${phone}-1600000000@g.us`],
    ["a number", phone],
    ["a number with a plus", `+${phone}`],
    ["a number in a sentence", `no session for ${phone}.0 yet`],
  ])("%s is short above debug", (_, value) => {
    const { log, lines } = openLog();
    log.info({ chatId: value, list: [value], error: new Error(value) }, "x");
    expect(lines[0]).not.toMatch(/\d{8}/);
    expect(lines[0]).toMatch(/~[a-p]{8}/);
  });

  it("the same person has the same short name in every line of a process, whatever the device", () => {
    const { log, lines } = openLog();
    log.info({ to: jid, from: `${phone}:3@s.whatsapp.net`, phone }, "x");
    const names = [...(lines[0] ?? "").matchAll(/~[a-p]{8}/g)].map(([name]) => name);
    expect(new Set(names).size).toBe(1);
    expect(names).toHaveLength(3);
    const other = openLog();
    other.log.info({ to: jid }, "x");
    expect(other.lines[0]).not.toContain(names[0]);
  });

  it("a number that is called phone is one, also without quotes", () => {
    const { log, lines } = openLog();
    log.info({ phone: Number(phone), at: 1_700_000_000_000 }, "x");
    expect(lines[0]).not.toContain(phone);
    expect(lines[0]).toContain("1700000000000");
  });

  it("are shown at debug", () => {
    const { log, last } = openLog({ level: "debug" });
    log.debug({ chatId: jid }, "x");
    expect(last().chat_id).toBe(jid);
    log.info({ chatId: jid }, "x");
    expect(last().chat_id).not.toBe(jid);
  });

  it.each([
    ["instanceId", "3F2504E04F8911D39A0C0305E82C3301"],
    ["requestId", "12345678-1234-4234-8234-123456789012"],
    ["nodeId", "host-1234567-12345678"],
    ["eventId", "123456789012"],
    ["at", "2023-11-14T22:13:20.000Z"],
    ["version", "2.3000.1023223821"],
  ])("%s %s is nobody", (name, value) => {
    const { log, last } = openLog();
    log.info({ [name]: value }, "x");
    expect(Object.values(last())).toContain(value);
  });
});

describe("nothing makes it fail or grow", () => {
  it("odd values are described", () => {
    const { log, last } = openLog();
    const ring: Record<string, unknown> = {};
    ring["ring"] = ring;
    const odd = {
      big: 10n,
      none: undefined,
      act: () => 1,
      not: NaN,
      bytes: new Uint8Array(9),
      map: new Map([[1, 2]]),
      set: new Set([1]),
      at: new Date(NaN),
      sym: Symbol("x"),
    };
    log.info({ ...odd, ring }, "x");
    expect(last()).toMatchObject({
      big: "10",
      not: "NaN",
      bytes: "[9 bytes]",
      map: "[map of 1]",
      set: [1],
      at: "invalid date",
    });
    expect(Object.keys(last())).not.toContain("none");
    expect(JSON.stringify(last())).toContain("[deeper]");
  });

  it("long texts, lists and objects are cut, and a line that is too long loses its fields", () => {
    const { log, lines, last } = openLog();
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`n${index}`, index]));
    log.info({ said: "word ".repeat(5_000), list: Array.from({ length: 1_000 }, () => 1), wide }, "cut");
    expect(last().said.length).toBeLessThan(1_100);
    expect(last().list).toHaveLength(21);
    expect(Object.keys(last().wide)).toHaveLength(41);
    const fields = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`n${index}`, "word ".repeat(300)]));
    log.child({ component: "queue", instanceId: "AB" }).error(fields, "too much");
    expect(lines[1]?.length).toBeLessThan(300);
    expect(last()).toMatchObject({
      component: "queue",
      message: "too much",
      instance_id: "AB",
      too_long: expect.any(Number),
    });
  });

  it("a field that throws costs the fields, not the line", () => {
    const { log, last } = openLog();
    const trap = {
      get boom(): string {
        throw new Error("no");
      },
    };
    log.error(trap, "odd");
    expect(last()).toEqual({ level: "error", message: "odd", unreadable_fields: true });
  });

  it("a writer that throws costs the line", () => {
    const broken = (): void => {
      throw new Error("closed");
    };
    const log = createLog({ level: "info", format: "json" }, broken, clock);
    expect(() => log.info({}, "x")).not.toThrow();
  });
});

describe("for people", () => {
  it.each([
    ["pretty on a pipe", { format: "pretty", terminal: false }],
    ["pretty on a terminal", { format: "pretty", terminal: true }],
    ["auto on a terminal", { format: "auto", terminal: true }],
  ] as const)("%s: the sentence with its fields, and the error below", (_, options) => {
    const { log, lines } = openLog(options);
    log.child({ component: "queue" }).info({ instanceId: "AB", waitMs: 3, token: "S3CRET" }, "will be retried");
    log.error({ error: new Error("outer", { cause: new Error("inner") }) }, "failed");
    const text = stripVTControlCharacters(lines.join(""));
    expect(text).toContain("will be retried instance_id=AB wait_ms=3 token=[hidden]");
    expect(text).toContain("queue");
    expect(text).toMatch(/failed[\s\S]*Error: outer\n\s+at [\s\S]*because\s+Error: inner\n\s+at /);
    expect(text).not.toContain("S3CRET");
  });

  it("auto elsewhere: lines for machines", () => {
    const { log, last } = openLog({ format: "auto", terminal: false });
    log.info({}, "x");
    expect(last().message).toBe("x");
  });
});
