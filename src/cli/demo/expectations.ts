import { sleep } from "#lib/sleep.ts";

import type { Arrived } from "./receiver.ts";

/** A webhook that has to come. */
export interface Expectation {
  /** What it is, in words. */
  readonly name: string;
  readonly type: string;
  readonly fits: (body: Arrived["body"]) => boolean;
}

/** What came so far and what is still to come. */
export interface Expectations {
  readonly came: (webhook: Arrived) => void;
  /** Waits until each has come; answers the names of those that did not in time. */
  readonly await: (expected: readonly Expectation[], limit: AbortSignal) => Promise<readonly string[]>;
  /** The body of the last webhook that was this one. */
  readonly latest: (expected: Expectation) => Arrived["body"] | undefined;
  readonly count: () => number;
  /** Whether every webhook so far was signed rightly. */
  readonly allSigned: () => boolean;
  /** Whether they came in the order of their sequence, none of them twice. */
  readonly inOrder: () => boolean;
}

const lookMs = 20;

/** Remembers webhooks, in the order they came. */
export function createExpectations(): Expectations {
  const arrived: Arrived[] = [];
  const latest = ({ type, fits }: Expectation): Arrived["body"] | undefined =>
    arrived.findLast((webhook) => webhook.type === type && fits(webhook.body))?.body;
  const isThere = (expected: Expectation): boolean => latest(expected) !== undefined;
  return {
    came: (webhook) => void arrived.push(webhook),
    await: async (expected, limit) => {
      while (!limit.aborted && !expected.every(isThere)) await sleep(lookMs, limit);
      return expected.filter((one) => !isThere(one)).map(({ name }) => name);
    },
    latest,
    count: () => arrived.length,
    inOrder: () => arrived.every(({ sequence }, at) => sequence > (arrived[at - 1]?.sequence ?? 0)),
    allSigned: () => arrived.every(({ signed }) => signed),
  };
}
