import {
  addTransactionCapability,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  generateSignalPubKey,
  initAuthCreds,
  type SignalDataSet,
  type SignalKeyStore,
  type SignalRepository,
} from "@whiskeysockets/baileys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import { silentLog } from "#lib/log.ts";
import { quietLibsignal } from "#lib/quiet-libsignal.ts";
import type { Store } from "#store/store.ts";
import { openAuthState, type AuthState } from "#whatsapp/auth-state.ts";
import { baileysLog } from "#whatsapp/baileys-log.ts";
import { contentHashOf, type Correlation } from "#whatsapp/journal-entry.ts";
import { journaledSignal } from "#whatsapp/journaled-signal.ts";
import { openTestStore } from "../support/store.ts";
import { faultyAuthStore, handClock, type FaultyAuthStore } from "./support.ts";

const instanceId = "A".repeat(32);
const ours = "111@s.whatsapp.net";
const theirs = "222@s.whatsapp.net";
const group = "120363000000000001@g.us";
const options = { maxCommitRetries: 1, delayBetweenTriesMs: 0 };
const logger = baileysLog(silentLog);

let store: Store;
let authStore: FaultyAuthStore;
let auth: AuthState;
let correlation: Correlation;
let us: SignalRepository;
let them: SignalRepository;

beforeEach(async () => {
  quietLibsignal();
  store = await openTestStore();
  authStore = faultyAuthStore(store.authState);
  await store.authState.fence({ instanceId, token: 1 });
  auth = await openAuthState(authStore, {
    instanceId,
    token: 1,
    maxCachedKeys: 100,
    maxCommitTries: 1,
    onFailure: () => {},
  });
  correlation = new WeakMap();
  const keys = addTransactionCapability(auth.keys, logger, options);
  const make = journaledSignal({ auth, correlation, clock: handClock(), log: silentLog });
  us = make({ creds: auth.creds, keys }, logger, async () => []);
  const theirKeys = addTransactionCapability(memoryKeys(), logger, options);
  them = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    { creds: initAuthCreds(), keys: theirKeys },
    logger,
    async () => [],
  );
  await introduce();
  authStore.commits.length = 0;
});

afterEach(async () => {
  await auth[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** Their side fetches our bundle, as a contact's phone does before its first message. */
async function introduce(): Promise<void> {
  const preKey = Curve.generateKeyPair();
  await auth.keys.set({ "pre-key": { 1: preKey } });
  const { signedPreKey, signedIdentityKey, registrationId } = auth.creds;
  await them.injectE2ESession({
    jid: ours,
    session: {
      registrationId,
      identityKey: generateSignalPubKey(signedIdentityKey.public),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
        signature: signedPreKey.signature,
      },
      preKey: { keyId: 1, publicKey: generateSignalPubKey(preKey.public) },
    },
  });
}

const stanzaRef = (attrs: Record<string, string>) => ({
  attrs,
  node: { tag: "message", attrs },
  reached: () => {},
  settled: () => {},
});

/** A message of theirs as it arrives: its ciphertext is known to belong to stanza `id`. */
async function arriving(id: string, text: string) {
  const { type, ciphertext } = await them.encryptMessage({ jid: ours, data: Buffer.from(text) });
  correlation.set(ciphertext, stanzaRef({ id, from: theirs }));
  return { jid: theirs, type, ciphertext };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("journaled Signal repository", () => {
  it("writes the plaintext in the commit that advances the ratchet", async () => {
    const message = await arriving("M1", "hello");
    expect(textOf(await us.decryptMessage(message))).toBe("hello");
    expect(authStore.commits).toHaveLength(1);
    const [commit] = authStore.commits;
    expect(commit?.keys?.map(({ type }) => type)).toEqual(expect.arrayContaining(["session", "pre-key"]));
    expect(commit?.journal?.[0]).toMatchObject({
      kind: "plaintext",
      stanzaId: "M1",
      contentHash: contentHashOf(message.ciphertext),
      attrs: JSON.stringify({ id: "M1", from: theirs }),
    });
    expect(textOf(commit?.journal?.[0]?.payload ?? Buffer.alloc(0))).toBe("hello");
  });

  it("when the commit fails the ratchet stays, and the redelivered ciphertext decrypts", async () => {
    const message = await arriving("M1", "hello");
    authStore.fail = () => new WazapiError("storage");
    await expect(us.decryptMessage(message)).rejects.toMatchObject({ code: "storage" });
    authStore.fail = () => undefined;
    expect(textOf(await us.decryptMessage(message))).toBe("hello");
  });

  it("a ciphertext that comes again after its commit is answered from the journal", async () => {
    const message = await arriving("M1", "hello");
    await us.decryptMessage(message);
    authStore.commits.length = 0;
    const again = { ...message, ciphertext: Buffer.from(message.ciphertext) };
    expect(textOf(await us.decryptMessage(again))).toBe("hello");
    expect(authStore.commits).toEqual([]);
  });

  it("a ciphertext that was never readable keeps failing, for Baileys to ask for another copy", async () => {
    const message = await arriving("M1", "hello");
    const damaged = Buffer.from(message.ciphertext.map((byte, at) => (at > 60 ? byte ^ 1 : byte)));
    await expect(us.decryptMessage({ ...message, ciphertext: damaged })).rejects.toThrow();
    expect(await store.authState.pendingJournal({ instanceId, limit: 10 })).toEqual([]);
  });

  it("without its stanza a message is still read", async () => {
    const { type, ciphertext } = await them.encryptMessage({ jid: ours, data: Buffer.from("stray") });
    expect(textOf(await us.decryptMessage({ jid: theirs, type, ciphertext }))).toBe("stray");
    expect(authStore.commits[0]?.journal).toBeUndefined();
  });

  it("group messages are journaled with their sender key", async () => {
    const first = await them.encryptGroupMessage({ group, meId: theirs, data: Buffer.from("all") });
    await us.processSenderKeyDistributionMessage({
      authorJid: theirs,
      item: { groupId: group, axolotlSenderKeyDistributionMessage: first.senderKeyDistributionMessage },
    });
    authStore.commits.length = 0;
    correlation.set(first.ciphertext, stanzaRef({ id: "G1", from: group, participant: theirs }));
    const plaintext = await us.decryptGroupMessage({ group, authorJid: theirs, msg: first.ciphertext });
    expect(textOf(plaintext)).toBe("all");
    expect(authStore.commits).toHaveLength(1);
    expect(authStore.commits[0]).toMatchObject({ keys: [{ type: "sender-key" }], journal: [{ stanzaId: "G1" }] });
  });

  it("does not lose the place of a send that runs at the same time", async () => {
    await us.decryptMessage(await arriving("M1", "first"));
    const reply = await us.encryptMessage({ jid: theirs, data: Buffer.from("r") });
    await them.decryptMessage({ jid: ours, type: reply.type, ciphertext: reply.ciphertext });
    const incoming = await arriving("M2", "second");
    const keys = addTransactionCapability(auth.keys, logger, options);
    const both = journaledSignal({ auth, correlation, clock: handClock(), log: silentLog })(
      { creds: auth.creds, keys },
      logger,
      async () => [],
    );
    const { promise: sent, resolve: written } = Promise.withResolvers<void>();
    // Baileys encrypts inside a transaction on the own id and commits only after the frame was written.
    const sending = keys.transaction(async () => {
      const encrypted = await both.encryptMessage({ jid: theirs, data: Buffer.from("one") });
      await sent;
      return encrypted;
    }, auth.creds.me?.id ?? "decrypt");
    const receiving = both.decryptMessage(incoming);
    written();
    const one = await sending;
    await receiving;
    const two = await both.encryptMessage({ jid: theirs, data: Buffer.from("two") });
    expect(textOf(await them.decryptMessage({ jid: ours, type: one.type, ciphertext: one.ciphertext }))).toBe("one");
    expect(textOf(await them.decryptMessage({ jid: ours, type: two.type, ciphertext: two.ciphertext }))).toBe("two");
  });
});

function memoryKeys(): SignalKeyStore {
  const values = new Map<string, never>();
  return {
    get: (type, ids) =>
      Object.fromEntries(
        ids.flatMap((id) => {
          const value = values.get(`${type}/${id}`);
          return value === undefined ? [] : [[id, value]];
        }),
      ),
    set: (data: SignalDataSet) => {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries)) values.set(`${type}/${id}`, value as never);
      }
    },
  };
}
