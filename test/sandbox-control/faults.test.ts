import { describe, expect, it } from "vitest";
import type { Fault, FaultContext } from "#sandbox/fault.ts";
import { createFaultRules } from "#sandbox/faults.ts";

describe("fault rules", () => {
  it("match: a rule is gone after its times", () => {
    const rules = createFaultRules();
    rules.add({ type: "ack-drop", times: 2 });
    expect(rules.match("ack-error", {})).toBeUndefined();
    expect(rules.match("ack-drop", {})).toMatchObject({ type: "ack-drop" });
    expect(rules.list()).toEqual([{ type: "ack-drop", times: 1 }]);
    expect(rules.match("ack-drop", {})).toBeDefined();
    expect(rules.match("ack-drop", {})).toBeUndefined();
    expect(rules.list()).toEqual([]);
  });

  it.each<[string, Fault, FaultContext, boolean]>([
    ["no match fits all", { type: "iq-error" }, { number: "1", xmlns: "w:m" }, true],
    ["same xmlns", { type: "iq-error", match: { xmlns: "w:m" } }, { number: "1", xmlns: "w:m" }, true],
    ["other xmlns", { type: "iq-error", match: { xmlns: "w:g2" } }, { number: "1", xmlns: "w:m" }, false],
    [
      "every field must fit",
      { type: "iq-error", match: { xmlns: "w:m", number: "2" } },
      { number: "1", xmlns: "w:m" },
      false,
    ],
    ["an unknown number does not fit", { type: "upload-fail", match: { number: "1" } }, {}, false],
  ])("match: %s", (_, fault, context, fits) => {
    const rules = createFaultRules();
    rules.add(fault);
    expect(rules.match(fault.type, context) !== undefined).toBe(fits);
  });

  it("match: the first rule that fits is used", () => {
    const rules = createFaultRules();
    rules.add({ type: "ack-error", code: 463, match: { number: "1" } });
    rules.add({ type: "ack-error", code: 479 });
    expect(rules.match("ack-error", { number: "2" })?.code).toBe(479);
    expect(rules.match("ack-error", { number: "1" })?.code).toBe(463);
  });

  it.each<[Fault, string]>([
    [{ type: "download-fail", match: { number: "1" } }, "cannot be matched by number"],
    [{ type: "disconnect", match: { messageId: "A" } }, "cannot be matched by messageId"],
    [{ type: "ack-drop", code: 5 }, "takes no code"],
    [{ type: "iq-error", ms: 5 }, "takes no ms"],
    [{ type: "ack-delay" }, "needs ms"],
    [{ type: "ack-drop", times: 0 }, "times must be"],
  ])("add: %o is refused", (fault, message) => {
    expect(() => createFaultRules().add(fault)).toThrow(message);
  });

  it("clear: nothing is left", () => {
    const rules = createFaultRules();
    rules.add({ type: "ack-drop", times: 5 });
    rules.clear();
    expect(rules.match("ack-drop", {})).toBeUndefined();
  });
});
