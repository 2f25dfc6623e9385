import { describe, expect, it } from "vitest";
import type { Log, LogFields } from "#lib/log.ts";
import { baileysLog } from "#whatsapp/baileys-log.ts";

function recorder() {
  const lines: { level: string; fields: LogFields; message: string }[] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, fields, message });
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => log };
  return { lines, logger: baileysLog(log) };
}

describe("Baileys' log", () => {
  it("passes on the sentence, never what was logged with it", () => {
    const { lines, logger } = recorder();
    logger.child({ secret: "x" }).warn({ node: { content: "private text" }, msgId: "ABC", xml: "<message/>" }, "odd");
    expect(lines).toEqual([{ level: "debug", fields: { said: "odd", msgId: "ABC" }, message: "baileys warns" }]);
  });

  it("does not warn of an end that the session reports itself, as in every pairing", () => {
    const { lines, logger } = recorder();
    logger.error({ reasonNode: {}, fullErrorNode: {} }, "stream errored out");
    expect(lines).toEqual([{ level: "debug", fields: { said: "stream errored out" }, message: "baileys failed" }]);
  });

  it("drops trace and debug, where message content is", () => {
    const { lines, logger } = recorder();
    logger.trace({ xml: "<message/>" }, "recv xml");
    logger.debug({ frame: "…" }, "communication recv");
    expect(lines).toEqual([]);
    expect(logger.level).toBe("warn");
  });

  it("masks numbers inside sentences", () => {
    const { lines, logger } = recorder();
    logger.info("Invalid LID-PN mapping: 123456789@lid, 5511999990000@s.whatsapp.net");
    expect(lines[0]?.fields).toEqual({ said: "Invalid LID-PN mapping: #@lid, #@s.whatsapp.net" });
  });

  it.each([
    [Object.assign(new Error("Connection Closed"), { isBoom: true }), "Boom: Connection Closed"],
    [
      Object.assign(new Error("Key used already"), { name: "MessageCounterError" }),
      "MessageCounterError: Key used already",
    ],
    [new SyntaxError("Unexpected token 'private' in JSON"), "SyntaxError"],
  ])("tells the kind of an error, its text only when that is about the protocol (%#)", (error, expected) => {
    const { lines, logger } = recorder();
    logger.error({ err: error }, "failed");
    expect(lines).toEqual([{ level: "warn", fields: { said: "failed", error: expected }, message: "baileys failed" }]);
  });
});
