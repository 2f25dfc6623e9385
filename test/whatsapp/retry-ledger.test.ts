import { describe, expect, test } from "vitest";
import { retryReasonOf } from "#whatsapp/retries/retry-reason.ts";
import { createRetryLedger, defaultRetryOptions } from "#whatsapp/retries/retry-ledger.ts";
import { handClock } from "./support.ts";

const chat = "1@g.us";

describe("the line of a chat", () => {
  test("a few answers leave at once, then one after the other: with the message itself never sixty in a minute", () => {
    const clock = handClock();
    const ledger = createRetryLedger(clock, defaultRetryOptions);
    const waits = Array.from({ length: 80 }, () => ledger.reserve(chat, true));
    expect(waits.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(waits.slice(5, 7)).toEqual([1_200, 2_400]);
    expect(waits.filter((ms) => ms < 60_000).length + 1).toBeLessThan(60);
  });

  test("after a rest a few leave at once again, and no chat waits for another", () => {
    const clock = handClock();
    const ledger = createRetryLedger(clock, { answerEveryMs: 1_000 });
    for (let nth = 0; nth < 8; nth += 1) ledger.reserve(chat, true);
    expect(ledger.reserve("2@g.us", true)).toBe(0);
    clock.advance(60_000);
    expect(Array.from({ length: 6 }, () => ledger.reserve(chat, true))).toEqual([0, 0, 0, 0, 0, 1_000]);
  });

  test("between two people more may leave at once", () => {
    const ledger = createRetryLedger(handClock(), { answerEveryMs: 1_000 });
    const waits = Array.from({ length: 21 }, () => ledger.reserve("1@lid", false));
    expect(waits.filter((ms) => ms === 0)).toHaveLength(20);
  });
});

describe("who is answered", () => {
  const asks = (asker: string, count = 1) => ({ chat, id: "M", asker, count });

  test("each device five times for a message, whatever number it gives its request", () => {
    const ledger = createRetryLedger(handClock(), defaultRetryOptions);
    const answers = Array.from({ length: 6 }, () => ledger.admit(asks("a@lid")));
    expect(answers.filter((answer) => answer === "answered")).toHaveLength(5);
    expect(ledger.admit(asks("b@lid"))).toBe("answered");
    expect(ledger.admit(asks("c@lid", 6))).toBe("tooOften");
    expect(ledger.admit({ ...asks("a@lid"), id: "N" })).toBe("answered");
  });

  test.each([
    [20, 20, 20],
    [100, 100, 32],
    [1_000, 400, 250],
  ])("of %i members %i ask: %i are answered", (members, asking, expected) => {
    const ledger = createRetryLedger(handClock(), defaultRetryOptions);
    const answers = Array.from({ length: asking }, (_, nth) => ledger.admit({ ...asks(`${nth}@lid`), members }));
    expect(answers.filter((answer) => answer === "answered")).toHaveLength(expected);
    expect(new Set(answers.slice(expected))).toEqual(new Set(asking > expected ? ["tooMany"] : []));
    // Who was answered once may ask again.
    expect(ledger.admit({ ...asks("0@lid"), members })).toBe("answered");
  });

  test("a message that is being taken back is not sent again, unless that was refused", () => {
    const ledger = createRetryLedger(handClock(), defaultRetryOptions);
    ledger.withdraw("M");
    expect(ledger.isWithdrawn("M")).toBe(true);
    ledger.restore("M");
    expect(ledger.isWithdrawn("M")).toBe(false);
  });
});

test.each([
  ["No session record", 1],
  ["Bad MAC", 7],
  ["No matching sessions found for message", 4],
  ["Invalid PreKey ID", 3],
  ["Received message with old counter: 5, 3", 9],
  ["something else", 0],
])("why a message could not be read: %s is number %i", (words, reason) => {
  expect(retryReasonOf(new Error(words))).toBe(reason);
});
