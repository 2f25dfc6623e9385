import { expect, test } from "vitest";
import { errorTable } from "#domain/errors.ts";
import type { SendResult } from "#domain/session.ts";
import { defaultQueueOptions } from "#queue/options.ts";
import { decide, failureLine } from "#queue/outcome.ts";
import { acked, disconnected, refused, restricted, timedOut, tooMuch, transient } from "./support.ts";

const before = { attempts: 0 };
const refusedBefore = { attempts: 1, lastError: `send_restricted: ${errorTable.send_restricted.message}` };
const unreadable: SendResult = {
  outcome: "unknown",
  kind: "unreadable",
  error: errorTable.send_unreadable.message,
};
const timedOutBefore = { attempts: 1, lastError: "send_timeout: Timeout on send message" };

test.each<[string, SendResult, { attempts: number; lastError?: string }, boolean, object]>([
  ["acked", acked(), before, false, { kind: "sent" }],
  ["refused", refused, before, false, { kind: "failed", answered: true }],
  ["too much", tooMuch, before, false, { kind: "retry", attempts: 1, waitMs: 15_000, answered: true }],
  ["too much for the last time", tooMuch, { attempts: 5 }, false, { kind: "failed", answered: true }],
  ["a new chat", restricted, before, false, { kind: "retry", attempts: 1, waitMs: 75_000, answered: true }],
  ["a new chat after other failures", restricted, timedOutBefore, false, { kind: "retry", waitMs: 75_000 }],
  ["a new chat once more", restricted, refusedBefore, false, { kind: "failed", failure: { code: "send_restricted" } }],
  ["a new chat under a lock", { ...restricted, until: 7 }, refusedBefore, false, { kind: "hold", until: 7 }],
  ["disconnected", disconnected, { attempts: 5 }, false, { kind: "release" }],
  ["transient", transient, before, false, { kind: "retry", attempts: 1, waitMs: 1_000, answered: false }],
  ["transient, fifth retry", transient, { attempts: 4 }, false, { kind: "retry", attempts: 5, waitMs: 16_000 }],
  ["transient for the last time", transient, { attempts: 5 }, false, { kind: "failed", answered: false }],
  ["nobody could have read it", unreadable, before, false, { kind: "retry", attempts: 1, answered: true }],
  [
    "nobody could have read it, for the last time",
    unreadable,
    { attempts: 5 },
    false,
    { kind: "failed", answered: true, failure: { code: "send_unreadable" } },
  ],
  ["transient as a probe", transient, { attempts: 23 }, true, { kind: "retry", attempts: 24 }],
  ["transient as the last probe", transient, { attempts: 24 }, true, { kind: "failed" }],
  ["first timeout", timedOut, before, false, { kind: "retry", attempts: 1, waitMs: 1_000 }],
  ["timeout after another failure", timedOut, { attempts: 1, lastError: "send_failed: x" }, false, { kind: "retry" }],
  ["second timeout", timedOut, timedOutBefore, false, { kind: "failed", failure: { code: "send_timeout" } }],
  ["second timeout as a probe", timedOut, timedOutBefore, true, { kind: "retry" }],
])("decide: %s", (_name, result, message, probe, expected) => {
  expect(decide(defaultQueueOptions, result, { message, probe, random: () => 0.5 })).toMatchObject(expected);
});

test.each<[string, string, string, string]>([
  ["a text of the table", "Phone number does not exist", "number_not_on_whatsapp", "Phone number does not exist"],
  ["a code of the table", "media_rejected", "media_rejected", "this media cannot be used"],
  ["a text of its own", "not-acceptable", "send_rejected", "not-acceptable"],
  ["nothing", "", "send_rejected", "WhatsApp rejected sending this message"],
])("decide: %s from the sender becomes a stable code", (_name, error, code, text) => {
  const result: SendResult = { outcome: "rejected", kind: "permanent", error };
  const decision = decide(defaultQueueOptions, result, { message: before, probe: false, random: () => 0.5 });
  if (decision.kind !== "failed") throw new Error(decision.kind);
  expect(decision.failure).toEqual({ code, text });
  expect(failureLine(decision.failure)).toBe(`${code}: ${text}`);
});
