import { describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import type { EventRow } from "#store/records.ts";
import { createHistoryPages } from "#whatsapp/history-pages.ts";
import type { LiveSocket } from "#whatsapp/live-socket.ts";
import { handClock } from "./support.ts";

/** A chat of which nothing is stored, and a phone that is asked. */
function open(phone: { readonly isConnected: boolean; readonly answers: boolean }) {
  const questions: string[][] = [];
  const socket = {
    sock: { fetchMessageHistory: async () => "Q1" },
    questions: { asked: (...question: string[]) => void questions.push(question) },
  } as unknown as LiveSocket;
  const answer = { captured: JSON.stringify({ syncType: "on_demand" }) } as EventRow;
  const pages = createHistoryPages(
    {
      messages: { get: async () => undefined, list: async () => [] },
      events: { list: async () => (phone.answers ? [answer] : []) },
      sessions: { openSocket: () => (phone.isConnected ? socket : undefined) },
      news: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
      clock: handClock(),
      log: silentLog,
    },
    { waitMs: 20 },
  );
  const page = (signal: AbortSignal) =>
    pages.page({ instanceId: "one", chatId: "1@s.whatsapp.net", amount: 5 }, signal);
  return { page, questions };
}

describe("a page that the phone is asked for", () => {
  it("says that it did not answer, and the question is watched from then on", async () => {
    const { page, questions } = open({ isConnected: true, answers: false });
    expect(await page(AbortSignal.timeout(5_000))).toEqual({ rows: [], isPhoneSilent: true });
    expect(questions).toEqual([["history", "Q1"]]);
  });

  it.each([
    [{ isConnected: true, answers: true }, false],
    [{ isConnected: false, answers: false }, false],
    [{ isConnected: true, answers: false }, true],
  ])("says nothing of a phone that answered, was not asked, or is not waited for: %o", async (phone, isGone) => {
    const caller = new AbortController();
    const { page } = open(phone);
    const paged = page(caller.signal);
    if (isGone) caller.abort();
    expect(await paged).toMatchObject({ isPhoneSilent: false });
  });
});
