import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { aboutOf } from "#cli/about-body.ts";

test.each([
  ["ReceivedCallback/text", "text"],
  ["ReceivedCallback/pollVote", "pollVote"],
  ["ReceivedCallback/hydratedTemplate_image", "hydratedTemplate"],
  ["ReceivedCallback/notification_GROUP_CREATE", "GROUP_CREATE"],
  // Its text is no message.
  ["ReceivedCallback/notification_PROFILE_STATUS_UPDATED", "PROFILE_STATUS_UPDATED"],
  ["ReceivedCallback/waitingMessage", "RECEIVED"],
  ["MessageStatusCallback/status_READ", "READ"],
  ["PresenceChatCallback/presence_COMPOSING", "COMPOSING"],
  ["ConnectedCallback/connected", "-"],
])("aboutOf: %s is about %s", (fixture, about) => {
  const payload: unknown = JSON.parse(
    readFileSync(new URL(`../callbacks/${fixture}.payload.json`, import.meta.url), "utf8"),
  );
  expect(aboutOf(payload)).toBe(about);
});

test("aboutOf: takes anything", () => {
  expect([aboutOf(null), aboutOf(undefined), aboutOf([1])]).toEqual(["-", "-", "-"]);
});
