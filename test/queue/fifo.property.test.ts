import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { SendResult } from "#domain/session.ts";
import { createEnqueue, defaultEnqueueOptions } from "#queue/enqueue.ts";
import { defaultQueueOptions } from "#queue/options.ts";
import { dying } from "../faults/dying.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { openQueueStore } from "./store.ts";
import { acked, disconnected, one, refused, restricted, startRig, timedOut, transient } from "./support.ts";

const answers = { acked: undefined, transient, timedOut, disconnected, refused, restricted } as const;
type Word = keyof typeof answers;

/** What WhatsApp says, try by try; afterwards it takes everything. */
const script = fc.record({
  messages: fc.integer({ min: 1, max: 8 }),
  /** The messages go round so many chats. */
  chats: fc.integer({ min: 1, max: 3 }),
  answers: fc.array(
    fc.constantFrom<Word>("acked", "acked", "transient", "timedOut", "disconnected", "refused", "restricted"),
    {
      maxLength: 30,
    },
  ),
  /** After so many tries, counted from the start of each, the process is gone: before the answer, or right after it. */
  deaths: fc.array(fc.record({ tries: fc.integer({ min: 1, max: 8 }), hearsAnswer: fc.boolean() }), { maxLength: 3 }),
  /** Tries before which the connection breaks. */
  breaks: fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
});

test("queue: whatever WhatsApp says and whoever dies, each chat keeps its order and nothing is lost", async () => {
  await fc.assert(
    fc.asyncProperty(script, async ({ messages, chats, answers: said, deaths, breaks }) => {
      await using store = await openQueueStore();
      const time = createFakeTime();
      const ids = new Map<string, Set<string>>();
      let open = true;
      const left = [...said];
      const fates = [...deaths];
      const tried: { readonly words: string; readonly word: Word }[] = [];
      let process: ReturnType<typeof live>;
      const live = () => {
        const queue = dying(store.queue);
        const fate = fates.shift();
        let tries = 0;
        const rig = startRig(
          { ...store, queue: queue.port },
          {
            time,
            deps: {
              sender: {
                isOpen: () => open,
                untilOpen: (_, signal) => time.sleep(1_000, signal),
                typing: async () => {},
                send: async (input, signal): Promise<SendResult> => {
                  if (queue.isDead()) return await new Promise<never>(() => {});
                  tries += 1;
                  const words = input.outgoing.content.kind === "text" ? input.outgoing.content.text : "";
                  const word = left.shift() ?? "acked";
                  tried.push({ words, word });
                  ids.set(words, (ids.get(words) ?? new Set()).add(input.messageId));
                  if (breaks.includes(tried.length)) {
                    open = false;
                    rig.worker.connectionChanged(one);
                  }
                  const isEnd = fate?.tries === tries;
                  if (isEnd && !fate.hearsAnswer) queue.die();
                  await new Promise(setImmediate);
                  if (isEnd) setImmediate(() => queue.die());
                  return signal.aborted ? disconnected : (answers[word] ?? acked(input.messageId));
                },
              },
            },
            options: { owner: `process ${fates.length}`, retry: { ...defaultQueueOptions.retry, jitter: "none" } },
          },
        );
        return { rig, queue };
      };
      // Accepted by a process that cannot die, while the others come and go.
      const enqueue = createEnqueue(
        {
          ...store,
          sender: { isOpen: () => true },
          worker: { wake: () => process.rig.worker.wake(one), isDraining: () => false },
          clock: time.clock,
        },
        defaultEnqueueOptions,
      );
      process = live();
      for (let n = 0; n < messages; n += 1) await enqueue({ instanceId: one, outgoing: textOf(n, n % chats) });
      const waits = () => store.queue.count({ instanceId: one, states: ["queued", "sending"] });
      for (let rounds = 0; rounds < 4_000 && (await waits()) > 0; rounds += 1) {
        await time.settle(6);
        time.advance(900);
        if (rounds % 7 === 0) open = true;
        if (process.queue.isDead()) process = live();
      }
      // Of a dead one nothing comes to an end.
      if (!process.queue.isDead()) await process.rig[Symbol.asyncDispose]();

      expect(await waits()).toBe(0);
      // In its chat nobody is tried before the one in front of it has come to its end, and nobody comes back afterwards.
      const order = tried.map(({ words }) => Number(words));
      for (let chat = 0; chat < chats; chat += 1) {
        const own = order.filter((n) => n % chats === chat);
        expect(own).toEqual([...own].sort((a, b) => a - b));
      }
      expect(new Set(order).size).toBe(messages);
      const rows = await store.queue.list({ instanceId: one, states: ["sent", "failed"], limit: 50 });
      for (const [index, { state, messageId }] of rows.entries()) {
        const words = tried.filter((each) => each.words === String(index)).map(({ word }) => word);
        // Given up only for a refusal, for the second silence or for retries used up; waiting is no reason.
        const counted = words.filter((word) => word === "transient" || word === "timedOut" || word === "restricted");
        const refusals = words.filter((word) => word === "restricted").length;
        if (state === "failed") {
          const reason =
            words.at(-1) === "refused" ||
            counted.length > 5 ||
            refusals > 1 ||
            words.filter((w) => w === "timedOut").length > 1;
          expect(reason).toBe(true);
        } else expect(words.at(-1)).toBe("acked");
        expect(ids.get(String(index))).toEqual(new Set([messageId]));
      }
    }),
    { numRuns: 40 },
  );
}, 120_000);

function textOf(n: number, chat: number) {
  return {
    to: `551199999000${chat}@s.whatsapp.net`,
    content: { kind: "text" as const, text: String(n) },
    options: {},
  };
}
