import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import type { EventRow } from "#store/records.ts";
import { type AutoActionsDeps, defaultAutoActionsOptions, startAutoActions } from "#whatsapp/auto-actions.ts";
import { instanceOf, textOf } from "../pipeline/rig.ts";
import { createFakeTime } from "../support/fake-time.ts";

const id = "A".repeat(32);

function rowOf(position: number): EventRow {
  return {
    eventId: `evt_${position}`,
    instanceId: id,
    sequence: position,
    position,
    kind: "message",
    type: "ReceivedCallback",
    occurredAt: 0,
    createdAt: 0,
    captured: JSON.stringify(textOf(position)),
  };
}

test("what is stored while the look back is on its way is acted on as well", async () => {
  const time = createFakeTime();
  const rows = [rowOf(1)];
  const read: string[] = [];
  const instance = instanceOf(id, {});
  const deps: AutoActionsDeps = {
    instances: { get: async () => ({ ...instance, settings: { ...instance.settings, autoReadMessage: true } }) },
    events: {
      list: async () => {
        const seen = rows.toReversed();
        // Committed behind the snapshot of this answer, and told before it.
        rows.push(rowOf(2));
        actions.stored([rowOf(2)]);
        await Promise.resolve();
        return seen;
      },
      since: async ({ after }) => rows.filter(({ position }) => position > after),
    },
    directory: {
      chat: async ({ instanceId, chatId }) => ({ instanceId, chatId, unread: 1 }),
      putChats: async () => {},
    },
    sessions: {
      isOpen: () => true,
      untilOpen: async () => {},
      markRead: async (_, keys) => void read.push(...keys.map(({ id: messageId }) => messageId ?? "")),
      rejectCall: async () => {},
    },
    enqueue: async () => {},
    clock: time.clock,
    sleep: time.sleep,
    log: silentLog,
  };
  await using actions = startAutoActions(deps, defaultAutoActionsOptions, new AbortController().signal);
  actions.stored([rowOf(1)]);
  await time.until(() => read.length === 2);
  expect(read).toEqual(["M1", "M2"]);
});
