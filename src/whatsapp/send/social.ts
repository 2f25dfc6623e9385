import { proto } from "@whiskeysockets/baileys";
import { isGroupJid } from "#domain/jid.ts";
import type { PinContent, PollContent, ReactionContent, SocialContent } from "#domain/outgoing/social.ts";
import type { BuildPayload, PayloadTable } from "./payload.ts";
import { eventResponsePayload, pollVotePayload } from "./social-answers.ts";
import { eventEditPayload, eventPayload } from "./social-event.ts";
import { forwardPayload } from "./social-forward.ts";
import { targetKey } from "./target.ts";

const { Type } = proto.PinInChat;

const reaction: BuildPayload<ReactionContent> = async (deps, { content, ...at }) => {
  const key = await targetKey(deps.messages, { ...at, ...content });
  return { content: { react: { key: key, text: content.emoji } } };
};

const pin: BuildPayload<PinContent> = async (deps, { content, ...at }) => {
  const key = await targetKey(deps.messages, { ...at, ...content });
  return content.isPinned
    ? { content: { pin: key, type: Type.PIN_FOR_ALL, time: content.forSeconds } }
    : { content: { pin: key, type: Type.UNPIN_FOR_ALL } };
};

const poll: BuildPayload<PollContent> = async (_deps, { socket, jid, content }) => ({
  content: {
    poll: {
      name: content.question,
      values: [...content.options],
      selectableCount: content.selectable,
      messageSecret: Buffer.from(content.secret, "base64"),
      // WhatsApp protocol: the announcements of a community have polls of their own kind.
      toAnnouncementGroup: isGroupJid(jid) && (await socket.groups.get(jid))?.isCommunityAnnounce === true,
    },
  },
});

/** How everything about another message, and what people answer together, becomes a message. */
export const socialPayloads: PayloadTable<SocialContent> = {
  poll,
  pollVote: pollVotePayload,
  event: eventPayload,
  eventEdit: eventEditPayload,
  eventResponse: eventResponsePayload,
  reaction,
  forward: forwardPayload,
  pin,
};
