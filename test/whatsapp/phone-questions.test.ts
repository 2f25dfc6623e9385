import { randomBytes } from "node:crypto";
import { proto, type BaileysEventMap } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LogFields, silentLog } from "#lib/log.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { InboundBatch } from "#whatsapp/inbound.ts";
import { askPhoneForMedia } from "#whatsapp/media-retry.ts";
import { createPhoneQuestions, defaultPhoneQuestions, type PhoneQuestions } from "#whatsapp/phone-questions.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";
import { settled } from "./support.ts";

/** Time passes when `pass` is called. */
function open() {
  const time = createFakeTime();
  const silences: string[] = [];
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_: LogFields, message: string) => void warnings.push(message) };
  const scope = new AbortController();
  const phoneSilent = (question: string) => void silences.push(question);
  const questions = createPhoneQuestions({ ...time, log, phoneSilent, signal: scope.signal }, defaultPhoneQuestions);
  const pass = async (ms = 60_000) => {
    time.advance(ms);
    await settled();
  };
  return { questions, silences, warnings, pass, scope };
}

describe("questions to the phone", () => {
  const heard = (protocolMessage: object, fromMe = true): Partial<BaileysEventMap> => ({
    "messages.upsert": { messages: [{ key: { id: "A", fromMe }, message: { protocolMessage } }], type: "notify" },
  });

  it("that are not answered are counted each, and logged once until it answers again", async () => {
    const { questions, silences, warnings, pass } = open();
    questions.asked("history", "1");
    questions.asked("message", "2");
    questions.asked("media", "3");
    await pass(59_999);
    expect(silences).toEqual([]);
    await pass(1);
    expect(silences).toEqual(["history", "message", "media"]);
    expect(warnings).toEqual(["the phone does not answer; open WhatsApp on it"]);
    questions.asked("media", "4");
    questions.answered("4");
    questions.asked("media", "5");
    await pass();
    expect(silences).toHaveLength(4);
    expect(warnings).toHaveLength(2);
  });

  it("are answered by a piece of history or a response that names them, of the own phone only", async () => {
    const { questions, silences, pass } = open();
    for (const id of ["1", "2", "3"]) questions.asked("history", id);
    questions.heard(heard({ historySyncNotification: { peerDataRequestSessionId: "1" } }));
    questions.heard(heard({ peerDataOperationRequestResponseMessage: { stanzaId: "2" } }));
    questions.heard(heard({ historySyncNotification: { peerDataRequestSessionId: "3" } }, false));
    await pass();
    expect(silences).toEqual(["history"]);
  });

  it("of a connection that is gone are nobody's any more", async () => {
    const { questions, silences, scope } = open();
    questions.asked("history", "1");
    scope.abort();
    await settled();
    expect(silences).toEqual([]);
  });
});

describe("a phone", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
  });
  beforeEach(() => sandbox.control.behaviour({ phoneAnswers: true }));
  afterAll(() => sandbox[Symbol.asyncDispose]());

  /** Notes what it asks for: a part of a chat, a message without content, and a file. */
  async function askAll(rig: SessionRig, questions: PhoneQuestions): Promise<void> {
    const { sock, own } = rig.sessions.openSocket(rig.instanceId)!;
    const chat = { remoteJid: `${rig.contact}@s.whatsapp.net`, id: "", fromMe: false };
    questions.asked("history", await sock.fetchMessageHistory(5, chat, Date.now()));
    const { messageIds } = await sandbox.control.contactSend(lead(rig), rig.signal);
    const placeholderMessageResendRequest = [{ messageKey: { ...chat, id: messageIds[0]! } }];
    const { PLACEHOLDER_MESSAGE_RESEND } = proto.Message.PeerDataOperationRequestType;
    const peerDataOperationRequestType = PLACEHOLDER_MESSAGE_RESEND;
    const content = { placeholderMessageResendRequest, peerDataOperationRequestType };
    questions.asked("message", await sock.sendPeerDataOperationMessage(content));
    const limit = AbortSignal.any([rig.signal, AbortSignal.timeout(5_000)]);
    expect(await askPhoneForMedia({ sock, own, questions }, fileOf(chat), limit)).toBe("missing");
  }
  const lead = ({ contact, number }: SessionRig) =>
    ({ number: contact, to: number, content: { text: "a lead" }, placeholder: true }) as const;
  const fileOf = (chat: { readonly remoteJid: string }) => ({
    key: { ...chat, fromMe: false, id: "FILE" },
    mediaKey: randomBytes(32),
  });

  it("that answers names each question, whatever it was asked for", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const { questions, silences, pass } = open();
    const before = rig.batches.length;
    await askAll(rig, questions);
    await expect.poll(() => rig.texts(), { timeout: 10_000 }).toContain("a lead");
    await expect.poll(() => rig.batches.some(isOnDemand), { timeout: 10_000 }).toBe(true);
    for (const { events } of rig.batches.slice(before)) questions.heard(events ?? {});
    await pass();
    expect(silences).toEqual([]);
  });

  it("that never answers is noticed, over the way of each question", async () => {
    const hourMs = 3_600_000;
    const placeholders = { againMs: [100, hourMs], lifeGapMs: hourMs, keepMs: hourMs, settleMs: hourMs };
    const silences: string[] = [];
    const observer = { phoneSilent: (question: string) => void silences.push(question) };
    await using rig = await openSessionRig(sandbox, { placeholders, phoneQuestions: { silentMs: 50 } }, observer);
    await rig.pair();
    await sandbox.control.behaviour({ phoneAnswers: false });
    await sandbox.control.contactSend(lead(rig), rig.signal);
    const file = fileOf({ remoteJid: `${rig.contact}@s.whatsapp.net` });
    const socket = rig.sessions.openSocket(rig.instanceId)!;
    await expect(askPhoneForMedia(socket, file, AbortSignal.timeout(100))).rejects.toThrow();
    await expect.poll(() => silences.toSorted(), { timeout: 10_000 }).toEqual(["media", "message"]);
  });
});

const isOnDemand = ({ events }: InboundBatch): boolean =>
  events?.["messaging-history.set"]?.syncType === proto.HistorySync.HistorySyncType.ON_DEMAND;
