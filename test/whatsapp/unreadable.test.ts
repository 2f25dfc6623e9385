import { NO_MESSAGE_FOUND_ERROR_TEXT, type BinaryNode } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import { createAskedAuthors, type AskedAuthors } from "#whatsapp/intake/asked-authors.ts";
import { createUnreadable, type Question } from "#whatsapp/intake/unreadable.ts";
import { handClock } from "./support.ts";

/** A journal that outlives processes, and whoever fails to read what is in `nodeOf`. */
function openWorld() {
  const clock = handClock();
  const journal: JournalEntry[] = [];
  const questions: number[] = [];
  const order: string[] = [];
  const auth = {
    find: async (contentHash: string) => {
      const index = journal.findIndex((entry) => entry.contentHash === contentHash);
      const entry = journal[index];
      return entry === undefined ? undefined : { ...entry, journalId: index, settled: true };
    },
    journal: async (entries: readonly JournalEntry[]) => {
      order.push("journal");
      journal.push(...entries);
    },
  };
  const connect = (asked: AskedAuthors, ask: (question: Question) => void = ({ heard }) => heard()) =>
    createUnreadable({
      auth,
      asked,
      askAgain: async (question) => {
        order.push("ask");
        questions.push(question.count);
        ask(question);
      },
      forget: () => {},
      clock,
      log: silentLog,
    });
  return { connect, questions, order, journal };
}

const nodeOf = (count?: number): BinaryNode => ({
  tag: "message",
  attrs: { id: "M1", from: "1@s.whatsapp.net", t: "1" },
  content: [{ tag: "enc", attrs: { type: "msg", ...(count === undefined ? {} : { count: String(count) }) } }],
});
const lost = (): void => {};
const fail = async (
  connection: ReturnType<ReturnType<typeof openWorld>["connect"]>,
  bytes: string,
  node = nodeOf(),
): Promise<void> => {
  const failure = { node, contentHash: bytes, error: new Error("Bad MAC"), isDecrypted: false };
  await expect(connection.failed(failure)).rejects.toThrow(NO_MESSAGE_FOUND_ERROR_TEXT);
};
const newProcess = (): AskedAuthors => createAskedAuthors().of("one");

describe("the author of what cannot be read", () => {
  it("is asked once for the same bytes when the question was heard, on whatever connection they come again", async () => {
    const { connect, questions, order } = openWorld();
    const asked = newProcess();
    for (let connection = 0; connection < 3; connection += 1) await fail(connect(asked), "a");
    expect(questions).toEqual([1]);
    expect(order).toEqual(["journal", "ask"]);
  });

  it("is asked again for as long as no question was heard, five times in all, each journaled first", async () => {
    const { connect, questions, order, journal } = openWorld();
    const asked = newProcess();
    for (let connection = 0; connection < 8; connection += 1) await fail(connect(asked, lost), "a");
    expect(questions).toEqual([1, 2, 3, 4, 5]);
    expect(order).toEqual(Array.from({ length: 5 }, () => ["journal", "ask"]).flat());
    expect(new Set(journal.map(({ contentHash }) => contentHash)).size).toBe(5);
  });

  it("is asked once by each process, and the count rises until it is given up", async () => {
    const { connect, questions } = openWorld();
    for (let start = 0; start < 7; start += 1) {
      const asked = newProcess();
      await fail(connect(asked), "a");
      await fail(connect(asked), "a");
    }
    expect(questions).toEqual([1, 2, 3, 4, 5]);
  });

  it("is asked with the next count for what was sent again and cannot be read either, also by the next process", async () => {
    const { connect, questions } = openWorld();
    const asked = newProcess();
    await fail(connect(asked), "a");
    await fail(connect(asked), "b", nodeOf(1));
    const next = connect(newProcess());
    await fail(next, "c", nodeOf(2));
    await fail(next, "d", nodeOf(5));
    expect(questions).toEqual([1, 2, 3]);
  });

  it("is not asked for what could be decrypted and is no message", async () => {
    const { connect, questions, order } = openWorld();
    const failure = { node: nodeOf(), contentHash: "a", error: new Error("x"), isDecrypted: true };
    await expect(connect(newProcess()).failed(failure)).rejects.toThrow(NO_MESSAGE_FOUND_ERROR_TEXT);
    expect([questions, order]).toEqual([[], []]);
  });
});
