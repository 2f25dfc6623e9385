import { expect, test } from "vitest";
import { startRetention } from "#cluster/retention.ts";
import { silentLog } from "#lib/log.ts";
import type { RetentionPolicy } from "#store/retention.ts";
import { createFakeTime } from "../support/fake-time.ts";

const policy: RetentionPolicy = {
  deliveredEventsMs: 1,
  deadLettersMs: 2,
  sentQueueMs: 3,
  failedQueueMs: 4,
  settledJournalMs: 5,
  messagesMs: 6,
  connectionHistoryMs: 7,
};

test("retention: small steps with pauses until none is full, then again after the interval, failures included", async () => {
  const time = createFakeTime();
  const start = time.clock.now();
  const steps: { readonly at: number; readonly limit: number; readonly policy: RetentionPolicy }[] = [];
  const answers = [{ events: 10, queue: 1 }, { events: 10, queue: 0 }, { events: 4, queue: 0 }, "broken"] as const;
  const pruned: unknown[] = [];
  await using _retention = startRetention(
    {
      retention: {
        prune: async ({ now, limit, policy: given }) => {
          const answer = answers[steps.length] ?? { events: 0, queue: 0 };
          steps.push({ at: now - start, limit, policy: given });
          if (answer === "broken") throw new Error("disk full");
          return answer;
        },
      },
      pruned: (removed) => void pruned.push(removed),
      ...time,
      log: silentLog,
    },
    { policy, everyMs: 60_000, stepRows: 10, pauseMs: 50 },
    new AbortController().signal,
  );
  await time.until(() => steps.length === 5);
  expect(steps.map(({ at }) => at)).toEqual([0, 50, 100, 60_100, 120_100]);
  expect(steps[0]).toEqual({ at: 0, limit: 10, policy });
  expect(pruned).toEqual(answers.slice(0, 3));
});
