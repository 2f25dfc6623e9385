import { expect, test } from "vitest";
import { reasonOf } from "#cli/connection.ts";
import { type ChatLimits, newChatsHeldUntil, restrictionOf } from "#domain/chat-limits.ts";
import { newChatsAt } from "#http/routes/new-chats.ts";

const now = 1_700_000_000_000;
const soon = now + 60_000;
const late = now + 120_000;
const capped = (endsAt: number) => ({ status: "CAPPED", endsAt });

test.each<[string, ChatLimits, unknown, number | undefined, unknown, string | undefined]>([
  // what, limits, restriction, messages wait until, fields of the status, words of the command line
  ["nothing", {}, undefined, undefined, {}, undefined],
  [
    "a lock with an end",
    { lock: { kind: "BIZ_QUALITY", until: soon } },
    { kind: "BIZ_QUALITY", until: soon },
    soon,
    { restricted_until: soon, restriction: "BIZ_QUALITY" },
    "no new chats until 2023-11-14T22:14:20.000Z",
  ],
  [
    "a lock without one",
    { lock: { kind: "DEFAULT", askAt: soon } },
    { kind: "DEFAULT" },
    soon,
    { restricted_until: null, restriction: "DEFAULT" },
    "no new chats, no end known",
  ],
  [
    "a lock that has run out, and nobody knows whether it is over",
    { lock: { kind: "DEFAULT", until: now - 1, askAt: soon } },
    { kind: "DEFAULT" },
    soon,
    { restricted_until: null, restriction: "DEFAULT" },
    "no new chats, no end known",
  ],
  [
    "a lock that has just run out",
    { lock: { kind: "DEFAULT", until: now } },
    { kind: "DEFAULT" },
    undefined,
    { restricted_until: null, restriction: "DEFAULT" },
    "no new chats, no end known",
  ],
  [
    "a quota used up, for longer than the lock",
    { lock: { kind: "DEFAULT", until: soon }, quota: capped(late) },
    { kind: "CAPPED", until: late },
    late,
    { restricted_until: late, restriction: "CAPPED", newChats: capped(late) },
    "no new chats until 2023-11-14T22:15:20.000Z",
  ],
  [
    "a quota used up in a cycle that is over",
    { quota: capped(now) },
    undefined,
    undefined,
    { newChats: capped(now) },
    undefined,
  ],
])("limits of new chats: %s", (_name, limits, restriction, heldUntil, fields, words) => {
  expect(restrictionOf(limits, now)).toEqual(restriction);
  expect(newChatsHeldUntil(limits, now)).toBe(heldUntil);
  const shown = newChatsAt(limits, now);
  expect(shown).toEqual(fields);
  const { restricted_until: until } = shown;
  const view = { state: "connected", at: now, history: [], ...(until !== undefined && { restricted_until: until }) };
  expect(reasonOf(view as Parameters<typeof reasonOf>[0])).toBe(words);
});
