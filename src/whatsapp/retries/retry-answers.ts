import type { BinaryNode } from "@whiskeysockets/baileys";
import { canonicalJid, isGroupJid, sameJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import type { MessageStore } from "#store/messages.ts";
import type { BothNames } from "../devices/both-names.ts";
import type { SenderKeyMemory } from "../devices/sender-key-memory.ts";
import type { GroupCache } from "../group-cache.ts";
import { ownJids } from "../own-account.ts";
import { renewSession, resend, type ResendDeps } from "./resend.ts";
import { resendContent, type NotResent, type ResendContent } from "./resend-content.ts";
import type { RetryLedger } from "./retry-ledger.ts";
import { retryRequestOf, type RetryRequest } from "./retry-request.ts";

/** What answering requests works with. */
export interface RetryAnswersDeps extends ResendDeps {
  readonly messages: Pick<MessageStore, "get">;
  readonly groups: Pick<GroupCache, "get">;
  readonly senderKeys: SenderKeyMemory;
  readonly bothNames: BothNames;
  readonly ledger: RetryLedger;
  readonly maxAgeMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts with the socket: what was not answered is not acknowledged, and comes again. */
  readonly signal: AbortSignal;
}

/** Requests that may wait for their turn; further ones are acknowledged unanswered. */
const maxWaiting = 500;

/**
 * Takes over the requests of devices that could not read a message of ours: each is answered to that device only, one
 * after the other in a chat and not too fast, unless the message may not be sent again. Every request is acknowledged in
 * the end. The function answers whether it took the stanza.
 */
export function createRetryAnswers(deps: RetryAnswersDeps, instanceId: string): (node: BinaryNode) => boolean {
  const { sock, log, signal, ledger } = deps;
  const lines = new Map<string, Promise<void>>();
  let waiting = 0;

  return (node) => {
    const own = ownJids(deps.auth.creds);
    const request = own === undefined ? undefined : retryRequestOf(node, own);
    if (request === undefined) return false;
    if (waiting >= maxWaiting) {
      log.warn({ waiting }, "too many devices ask for messages again; one is not answered");
      void acknowledge(request);
      return true;
    }
    waiting += 1;
    const { chat } = request;
    const line = (lines.get(chat) ?? Promise.resolve())
      .then(() => handle(request))
      .finally(() => {
        waiting -= 1;
        if (lines.get(chat) === line) lines.delete(chat);
      });
    lines.set(chat, line);
    return true;
  };

  async function handle(request: RetryRequest): Promise<void> {
    try {
      for (const messageId of request.ids) if (!signal.aborted) await answer(request, messageId);
    } catch (error) {
      log.warn({ error }, "a message could not be sent again");
    }
    if (!signal.aborted) await acknowledge(request);
  }

  async function acknowledge({ node }: RetryRequest): Promise<void> {
    await sock.sendMessageAck(node).catch((error: unknown) => log.debug({ error }, "the connection closed meanwhile"));
  }

  async function answer(request: RetryRequest, messageId: string): Promise<void> {
    const { chat, asker, count, isShared } = request;
    const group = isGroupJid(chat) ? await deps.groups.get(chat) : undefined;
    const members = group?.participants;
    const isMember = members?.some(({ id, lid, phoneNumber }) =>
      [id, lid, phoneNumber].some((name) => name !== undefined && sameJid(name, asker)),
    );
    // Who is not in the group any more gets neither the message nor our key.
    if (isMember === false) return refused(messageId, "not_a_member");
    const admission = ledger.admit({
      chat,
      id: messageId,
      asker,
      count,
      ...(members !== undefined && { members: members.length }),
    });
    if (admission === "tooMany") {
      await deps.senderKeys.forgetGroup(chat);
      return refused(messageId, "too_many");
    }
    const chats = await deps.bothNames(chat);
    let content = admission === "answered" ? await find(messageId, chats) : admission;
    if (typeof content === "object") {
      const waitMs = ledger.reserve(chat, isShared);
      await sleep(waitMs, signal);
      // Meanwhile it may have been taken back.
      if (waitMs > 0) content = await find(messageId, chats);
    }
    if (signal.aborted) return;
    if (typeof content === "string") {
      // It could not read our messages: the next one brings the key again.
      if (isShared) await deps.senderKeys.forgetDevice(chat, asker);
      return refused(messageId, content);
    }
    await renewSession(deps, request);
    await resend(deps, request, { ...content, messageId });
    log.debug({ messageId, count }, "message sent again to the device that asked");
  }

  async function find(messageId: string, chats: readonly string[]): Promise<ResendContent | NotResent> {
    return await resendContent(
      {
        messages: deps.messages,
        clock: deps.clock,
        maxAgeMs: deps.maxAgeMs,
        isWithdrawn: ledger.isWithdrawn,
        recent: (chat, id) => {
          const recent = sock.messageRetryManager?.getRecentMessage(chat, id);
          return recent === undefined ? undefined : { message: recent.message, at: recent.timestamp };
        },
      },
      { instanceId, messageId, chats: chats.map(canonicalJid) },
    );
  }

  /** Of these there can be thousands a day; a whole group is news. */
  function refused(messageId: string, reason: string): void {
    const level = reason === "too_many" ? "warn" : "debug";
    log[level]({ messageId, reason }, "a device asked for a message that is not sent again");
  }
}
