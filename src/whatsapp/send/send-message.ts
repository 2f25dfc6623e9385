import { proto } from "@whiskeysockets/baileys";
import { errorTable } from "#domain/errors.ts";
import { canonicalJid, isLidJid, isPersonJid } from "#domain/jid.ts";
import type { SendResult } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { learnFromAck } from "../addressing/accepted.ts";
import { type AckRemedy, ackErrorOf } from "../addressing/ack-errors.ts";
import type { Form } from "../addressing/form.ts";
import { applyRemedy, type FailedTry, remedyOf } from "../addressing/remedy.ts";
import { type Handed, type SendInput, type TryDeps, tryOnce } from "./one-try.ts";

/** What a send works with. */
export interface SendDeps extends TryDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether WhatsApp has locked the account out of new chats; asks it. */
  readonly isLocked: () => Promise<boolean>;
}

/**
 * WhatsApp protocol: the refusal of a locked account. Another try within a minute makes it worse, also by the other name;
 * but a name that the account's chats do not have is refused with the same code.
 */
const lockedCode = 463;

/**
 * Sends one message and waits until the server has said what it did with it; `ackTimeoutMs` covers everything of one try
 * from the look-up of the recipient to the ack, except for the time that files need to get there. What a refusal asks
 * for is done, each thing once, and the message tried again under the same id. Giving up does not take the message back:
 * it may still arrive, under the same id as its next try, and the recipient shows it once. Never throws.
 */
export async function sendMessage(deps: SendDeps, input: SendInput, signal: AbortSignal): Promise<SendResult> {
  const used = new Set<AckRemedy>();
  const failed: FailedTry[] = [];
  let form: Form | undefined;
  for (;;) {
    const tried = await tryOnce(deps, { ...input, form }, signal);
    if (tried.kind === "over") return tried.result;
    if (tried.kind === "taken") {
      const { instanceId, messageId, socket } = input;
      const { ack, handed } = tried;
      const refusedBefore = failed.some(({ address }) => isOtherForm(address.person?.form, handed));
      await learnFromAck(deps, socket, { ...handed, ack, instanceId, messageId, refusedBefore });
      return resultOf(deps.clock, handed, input);
    }
    const failure: FailedTry = { ...tried.aim, ...(tried.kind === "refused" && { code: tried.code }) };
    failed.push(failure);
    const next = signal.aborted ? undefined : await remedied(deps, input, { failure, used });
    if (next === undefined) return verdict(input, failed);
    used.add(remedyOf(failure));
    form = next.form ?? form;
  }
}

async function remedied(
  deps: SendDeps,
  { instanceId, socket }: SendInput,
  { failure, used }: { readonly failure: FailedTry; readonly used: ReadonlySet<AckRemedy> },
) {
  try {
    if (failure.code === lockedCode && (await deps.isLocked())) return undefined;
    return await applyRemedy(socket, failure, used);
  } catch (error) {
    // A question that the remedy needs was not answered; the queue's next try asks again.
    deps.log.info({ instanceId, code: failure.code, error }, "a refused message could not be tried otherwise");
    return undefined;
  }
}

function isOtherForm(form: Form | undefined, { address }: Handed): boolean {
  return form !== undefined && form !== address.person?.form;
}

/** What is told when nothing helped. */
function verdict(input: SendInput, failed: readonly FailedTry[]): SendResult {
  const { socket } = input;
  const forms = new Set(failed.flatMap(({ address }) => address.person?.form ?? []));
  const [first] = failed;
  if (forms.size > 1 && first !== undefined) socket.refusedBoth.set(first.address.chat, true);
  const code = tellingCode(failed);
  if (code === undefined) {
    return { outcome: "unknown", kind: "unreadable", error: errorTable.send_unreadable.message };
  }
  switch (ackErrorOf(code).otherwise) {
    case "later":
      return { outcome: "unknown", kind: "transient", error: errorTable.send_failed.message, code };
    case "restricted":
      return { outcome: "rejected", kind: "restricted", error: restrictedWords(input, code), code };
    case "final":
      return { outcome: "rejected", kind: "permanent", error: errorTable.send_rejected.message, code };
  }
}

/**
 * Of the refusals of either name the first, which was thought to be the right one; 400 only says that it was not. Else
 * the last: what was refused after the remedy.
 */
function tellingCode(failed: readonly FailedTry[]): number | undefined {
  const codes = failed.flatMap(({ code }) => code ?? []);
  if (failed.some((one) => remedyOf(one) !== "readdress")) return codes.at(-1);
  return codes.find((code) => code !== mixedNames) ?? codes[0];
}

const mixedNames = 400;

/** WhatsApp protocol: 463 and 475 keep the account from new chats, which groups and channels are not; 429 from anything. */
function restrictedWords({ outgoing }: SendInput, code: number): string {
  const to = canonicalJid(outgoing.to);
  if (code === tooMuchCode) return "WhatsApp restricts what this account sends for a while";
  if (isPersonJid(to) || isLidJid(to)) return errorTable.send_restricted.message;
  return "WhatsApp restricts what this account sends to this chat for a while";
}

const tooMuchCode = 429;

function resultOf(clock: Clock, { address, composed }: Handed, { socket, outgoing }: SendInput): SendResult {
  return {
    outcome: "acked",
    at: clock.now(),
    chatId: address.chat,
    senderId: canonicalJid(socket.own()?.id ?? ""),
    type: outgoing.content.kind,
    proto: proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(composed.message)).finish(),
  };
}
