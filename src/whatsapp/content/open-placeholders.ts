import {
  NO_MESSAGE_FOUND_ERROR_TEXT,
  proto,
  type BaileysEventMap,
  type BinaryNode,
  type CacheStore,
  type SignalDataSet,
  type WAMessage,
  type WASocket,
} from "@whiskeysockets/baileys";
import { canonicalJid, deviceOf } from "#domain/jid.ts";
import { createBell } from "#lib/bell.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep, sleepUnless } from "#lib/sleep.ts";
import type { AuthState } from "../auth-state.ts";
import { ownJids } from "../own-account.ts";
import type { PhoneQuestions } from "../phone-questions.ts";

/** When the phone is asked again for a message that only it can read; milliseconds. */
export interface PlaceholderOptions {
  /** After the message came. The last one is also how often a phone that is alive is asked from then on. */
  readonly againMs: readonly number[];
  /** Since the last question, before a sign of life of the phone leads to another one. */
  readonly lifeGapMs: number;
  /** For so long a message is asked for. WhatsApp protocol: phones answer for 14 days. */
  readonly keepMs: number;
  /** From the answer until it is certainly stored: whoever dies before asks again. */
  readonly settleMs: number;
}

/** An hour and a day after; and each day the phone shows itself. */
export const defaultPlaceholders: PlaceholderOptions = {
  againMs: [60 * 60_000, 24 * 60 * 60_000],
  lifeGapMs: 20_000,
  keepMs: 14 * 24 * 60 * 60_000,
  settleMs: 60_000,
};

/** Messages that came without anything to read (ad leads, what could not be decrypted) and what becomes of them. */
export interface OpenPlaceholders {
  /** Notes those among these events that have no content yet; they are durable once this resolves. */
  readonly keep: (events: Partial<BaileysEventMap> | undefined) => Promise<void>;
}

interface Open {
  readonly info: Pick<WAMessage, "key" | "messageTimestamp" | "pushName" | "participant">;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly askedAt: number;
  /** Times of `againMs` that are over. */
  readonly steps: number;
  /** It was asked for at a sign of life. */
  readonly atLife: boolean;
}

const maxOpen = 1_000;
const maxPerRequest = 50;
const type = "open-placeholder";

/**
 * Keeps the list of open placeholders beside the account's keys and asks the phone for them: Baileys does so once, a few
 * seconds after each came, and forgets. WhatsApp protocol: peer operation 4, PLACEHOLDER_MESSAGE_RESEND; the answer
 * comes as a peer message, and Baileys reports it under the id of the placeholder. A second answer is no second event.
 */
export function openPlaceholders(
  deps: {
    readonly auth: AuthState;
    readonly sock: WASocket;
    readonly questions: Pick<PhoneQuestions, "asked">;
    /** Baileys' own cache: what it adds to the phone's answer. */
    readonly placeholders: CacheStore;
    readonly clock: Clock;
    readonly log: Log;
    readonly signal: AbortSignal;
  },
  options: PlaceholderOptions,
): OpenPlaceholders {
  const { auth, sock, clock, log, signal } = deps;
  const open = new Map<string, Open>();
  const answered = new Set<string>();
  /** Of an earlier connection, which may have ended before Baileys had asked for them. */
  const unasked = new Set<string>();
  const bell = createBell();
  let sawPhone = false;

  async function put(changes: Readonly<Record<string, Open | null>>): Promise<void> {
    // A type of our own beside Baileys': the store keeps whatever it is given.
    await auth.keys.set({ [type]: changes } as unknown as SignalDataSet);
  }

  async function load(): Promise<void> {
    const ids = await auth.keyIds(type, { afterId: "", limit: maxOpen });
    const stored: Readonly<Record<string, unknown>> = await auth.keys.get(type as never, [...ids]);
    for (const [id, value] of Object.entries(stored)) {
      if (!value) continue;
      // Only `put` writes these.
      const one = value as Open;
      open.set(id, one);
      if (one.askedAt === one.since) unasked.add(id);
    }
  }

  /** Epoch milliseconds of the next question for it. */
  function dueAt(id: string, one: Open): number {
    if (unasked.has(id)) return one.since;
    const { againMs } = options;
    const last = againMs.at(-1) ?? options.keepMs;
    const step = againMs[one.steps];
    const byTime = step === undefined ? Number.POSITIVE_INFINITY : one.since + step;
    const gap = one.atLife ? last : options.lifeGapMs;
    return sawPhone ? Math.min(byTime, one.askedAt + gap) : byTime;
  }

  async function askAll(): Promise<void> {
    const now = clock.now();
    const waiting = [...open].filter(([id]) => !answered.has(id));
    const old = waiting.filter(([, one]) => now - one.since > options.keepMs).map(([id]) => id);
    if (old.length > 0) {
      log.warn({ count: old.length }, "the phone never sent these messages; they are not asked for any more");
      await forget(old);
    }
    const due = waiting.filter(([id, one]) => !old.includes(id) && dueAt(id, one) <= now).slice(0, maxPerRequest);
    if (due.length === 0) return;
    const asked = due.map(([id, one]): [string, Open] => [
      id,
      {
        ...one,
        askedAt: now,
        steps: options.againMs.filter((ms) => one.since + ms <= now).length,
        atLife: one.atLife || sawPhone,
      },
    ]);
    for (const [id, { info }] of asked) await deps.placeholders.set(id, { ...info });
    const questionId = await sock.sendPeerDataOperationMessage({
      placeholderMessageResendRequest: asked.map(([, { info }]) => ({ messageKey: plainKey(info.key) })),
      peerDataOperationRequestType: proto.Message.PeerDataOperationRequestType.PLACEHOLDER_MESSAGE_RESEND,
    });
    // Only now: a question that the closing connection swallows is asked again on the next one. Twice does no harm.
    for (const [id, one] of asked) {
      open.set(id, one);
      unasked.delete(id);
    }
    await put(Object.fromEntries(asked));
    deps.questions.asked("message", questionId);
    log.info({ count: asked.length }, "the phone was asked again for messages without content");
  }

  async function forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) open.delete(id);
    await put(Object.fromEntries(ids.map((id) => [id, null])));
    for (const id of ids) answered.delete(id);
  }

  async function run(): Promise<void> {
    await load();
    while (!signal.aborted) {
      const rung = bell.wait(signal);
      await askAll();
      sawPhone = false;
      const next = Math.min(...[...open].filter(([id]) => !answered.has(id)).map(([id, one]) => dueAt(id, one)));
      await sleepUnless(Math.min(Math.max(next - clock.now(), minWaitMs), maxWaitMs), [rung], signal);
    }
  }

  const guarded = (work: Promise<void>, what: string): void => {
    void work.catch((error: unknown) => {
      if (!signal.aborted) log.warn({ what, error }, "open placeholders are not looked after");
    });
  };

  sock.ev.on("connection.update", ({ connection }) => {
    if (connection === "open") guarded(run(), "asking");
  });
  sock.ws.on("frame", (frame: unknown) => {
    if (open.size === 0 || sawPhone || !isOfPhone(frame, ownJids(auth.creds))) return;
    sawPhone = true;
    bell.ring();
  });

  async function settle(id: string): Promise<void> {
    answered.add(id);
    await sleep(options.settleMs, signal);
    if (!signal.aborted) await forget([id]);
  }

  return {
    keep: async (events) => {
      const news: Record<string, Open> = {};
      for (const info of events?.["messages.upsert"]?.messages ?? []) {
        const id = info.key.id ?? "";
        if (info.message && open.has(id) && !answered.has(id)) guarded(settle(id), "settling");
        if (!isPlaceholder(info) || open.has(id) || open.size >= maxOpen) continue;
        const { key, messageTimestamp, pushName, participant } = info;
        const now = clock.now();
        const kept = {
          key,
          messageTimestamp: Number(messageTimestamp ?? 0),
          ...(pushName ? { pushName } : {}),
          ...(participant ? { participant } : {}),
        };
        news[id] = { info: kept, since: now, askedAt: now, steps: 0, atLife: false };
      }
      if (Object.keys(news).length === 0) return;
      for (const [id, one] of Object.entries(news)) open.set(id, one);
      await put(news);
      bell.ring();
    },
  };
}

const minWaitMs = 20;
const maxWaitMs = 10 * 60_000;

/** Whether the phone has, or may have, what is missing. What opens once and what is of bots it does not give away. */
function isPlaceholder({ key, message, messageStubType, messageStubParameters }: WAMessage): boolean {
  if (!key.id || message || key.isViewOnce === true) return false;
  if (messageStubType !== proto.WebMessageInfo.StubType.CIPHERTEXT) return false;
  return messageStubParameters?.[0] === NO_MESSAGE_FOUND_ERROR_TEXT && key.remoteJid?.endsWith("@bot") !== true;
}

function plainKey({ remoteJid, fromMe, id, participant }: WAMessage["key"]): proto.IMessageKey {
  return { remoteJid: remoteJid ?? null, fromMe: fromMe ?? false, id: id ?? null, participant: participant ?? null };
}

/** WhatsApp protocol: what the own phone says names the account, without a device or with device 0. */
function isOfPhone(frame: unknown, own: ReturnType<typeof ownJids>): boolean {
  const { tag, attrs } = Object(frame) as Partial<BinaryNode>;
  if (own === undefined || attrs === undefined || (tag !== "message" && tag !== "receipt")) return false;
  const author = attrs["participant"] ?? attrs["from"] ?? "";
  const names = [own.id, own.lid].flatMap((jid) => (jid === undefined ? [] : [canonicalJid(jid)]));
  return names.includes(canonicalJid(author)) && deviceOf(author) === 0;
}
