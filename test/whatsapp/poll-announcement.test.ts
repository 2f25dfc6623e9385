import type { GroupMetadata } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import type { LiveSocket } from "#whatsapp/live-socket.ts";
import type { PayloadDeps } from "#whatsapp/send/payload.ts";
import { socialPayloads } from "#whatsapp/send/social.ts";

const content = { kind: "poll", question: "?", options: ["A", "B"], selectable: 0, secret: "" } as const;

/** A socket that knows one group; a poll asks for nothing else. */
function socketWith(metadata: Partial<GroupMetadata> | undefined): LiveSocket {
  return { groups: { get: async () => metadata as GroupMetadata | undefined } } as unknown as LiveSocket;
}

test.each<[where: string, jid: string, metadata: Partial<GroupMetadata> | undefined, expected: boolean]>([
  ["the announcements of a community", "120363000000000001@g.us", { isCommunityAnnounce: true }, true],
  ["another group", "120363000000000001@g.us", { isCommunityAnnounce: false }, false],
  ["a group WhatsApp says nothing about", "120363000000000001@g.us", undefined, false],
  ["a chat with one person", "5511988887777@s.whatsapp.net", { isCommunityAnnounce: true }, false],
])("a poll in %s", async (_where, jid, metadata, toAnnouncementGroup) => {
  const input = { instanceId: "i", socket: socketWith(metadata), jid, content, options: {} };
  // Polls are made of their content and the group alone.
  const payload = await socialPayloads.poll({} as PayloadDeps, input, AbortSignal.timeout(10_000));
  expect(payload).toMatchObject({ content: { poll: { toAnnouncementGroup } } });
});
