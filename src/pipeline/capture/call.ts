import type { BinaryNode } from "@whiskeysockets/baileys";
import type { TtlCache } from "#lib/ttl-cache.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import { type CapturedOne, nothing } from "./captured-one.ts";
import { pairOf } from "./message-place.ts";
import { childOf, childrenOf, timeOf } from "./node.ts";
import { isOwn, sceneOf } from "./scene.ts";

/** What is remembered of a call while it rings. */
export interface RingingCall {
  readonly isVideo: boolean;
  readonly answered: boolean;
}

/** What capturing calls works with. */
export interface CallDeps {
  readonly book: AddressBook;
  /** Bounded; a call that was forgotten ends as a missed voice call. */
  readonly calls: TtlCache<RingingCall>;
}

const ringingTtlMs = 7_200_000;

/** Reads a raw call stanza. Only the offer says whether it is a video call. */
export async function captureCall(
  deps: CallDeps,
  input: { readonly owner: Owner; readonly now: number },
  node: BinaryNode,
): Promise<CapturedOne> {
  const { owner, now } = input;
  const [info] = childrenOf(node);
  const callId = info?.attrs["call-id"];
  const from = node.attrs["from"];
  if (info === undefined || callId === undefined || from === undefined) return nothing;
  const key = `${owner.instanceId} ${callId}`;
  const ringing = deps.calls.get(key)?.value;
  const name = nameOf(info, ringing);
  remember(deps, key, { info, ringing });
  if (name === undefined) return nothing;
  const creator = info.attrs["call-creator"] ?? info.attrs["from"] ?? from;
  const lidPairs = pairOf(creator, info.attrs["caller_pn"]);
  deps.book.learn(owner.instanceId, lidPairs);
  const caller = await deps.book.person(owner, creator, info.attrs["caller_pn"]);
  const group = info.attrs["group-jid"];
  const chat = await deps.book.chat(owner, group ?? from, group === undefined ? info.attrs["caller_pn"] : undefined);
  const scene = await sceneOf(deps.book, owner, {
    chat,
    sender: caller,
    fromMe: isOwn(owner, creator),
    at: timeOf(node, now),
    pushName: node.attrs["notify"],
  });
  return {
    lidPairs,
    captured: [
      {
        kind: "notification",
        ...scene,
        name,
        key: callId,
        messageId: node.attrs["id"] ?? callId,
        parameters: [],
        callId: callId.toUpperCase(),
        ...(group === undefined ? {} : { participant: caller }),
      },
    ],
  };
}

function isVideo(info: BinaryNode): boolean {
  return childOf(info, "video") !== undefined || info.attrs["media"] === "video";
}

function nameOf(info: BinaryNode, ringing: RingingCall | undefined): string | undefined {
  const video = ringing?.isVideo ?? isVideo(info);
  switch (info.tag) {
    case "offer":
    case "offer_notice":
      // WhatsApp protocol: a group call is announced by both.
      return ringing === undefined ? (video ? "CALL_VIDEO" : "CALL_VOICE") : undefined;
    case "terminate": {
      // The end of an answered call, or of one whose beginning we did not see, is nothing anybody missed.
      const missed = info.attrs["reason"] === "timeout" || (ringing !== undefined && !ringing.answered);
      return missed ? (video ? "CALL_MISSED_VIDEO" : "CALL_MISSED_VOICE") : undefined;
    }
    case "reject":
      return "CALL_REJECTED";
    case "accept":
      return "CALL_ACCEPTED";
    default:
      return undefined;
  }
}

function remember(
  deps: CallDeps,
  key: string,
  { info, ringing }: { readonly info: BinaryNode; readonly ringing: RingingCall | undefined },
): void {
  const answered = info.tag === "accept" || info.tag === "reject";
  if (info.tag === "terminate") deps.calls.delete(key);
  else if (info.tag === "offer" || info.tag === "offer_notice" || answered) {
    deps.calls.set(key, { isVideo: ringing?.isVideo ?? isVideo(info), answered }, ringingTtlMs);
  }
}
