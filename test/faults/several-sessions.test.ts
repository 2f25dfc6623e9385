import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import {
  addTransactionCapability,
  encodeWAMessage,
  generateSignalPubKey,
  proto,
  type SignalRepository,
  unpadRandomMax16,
} from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { quietLibsignal } from "#lib/quiet-libsignal.ts";
import { createSimDevice, type PreKeyBundle, type SimDevice } from "#sandbox/signal/sim-device.ts";
import { openAuthState } from "#whatsapp/auth-state.ts";
import { baileysLog } from "#whatsapp/baileys-log.ts";
import { journaledSignal } from "#whatsapp/journaled-signal.ts";
import { openTestStore } from "../support/store.ts";
import { handClock } from "../whatsapp/support.ts";

const instanceId = "A".repeat(32);
const ours = "5511900000009@s.whatsapp.net:0";
const theirs = "5511900000001@s.whatsapp.net";

/** Our side with its store, and a phone. */
async function openRig() {
  quietLibsignal();
  const parts = new AsyncDisposableStack();
  const store = parts.use(await openTestStore());
  await store.authState.fence({ instanceId, token: 1 });
  const auth = parts.use(
    await openAuthState(store.authState, {
      instanceId,
      token: 1,
      maxCachedKeys: 100,
      maxCommitTries: 1,
      onFailure: () => {},
    }),
  );
  const logger = baileysLog(silentLog);
  const keys = addTransactionCapability(auth.keys, logger, { maxCommitRetries: 1, delayBetweenTriesMs: 0 });
  const make = journaledSignal({ auth, correlation: new WeakMap(), clock: handClock(), log: silentLog });
  const us: SignalRepository = make({ creds: auth.creds, keys }, logger, async () => []);
  const { signedPreKey, signedIdentityKey, registrationId } = auth.creds;
  const ourBundle: PreKeyBundle = {
    registrationId,
    identity: signedIdentityKey.public,
    signedPreKey: {
      id: signedPreKey.keyId,
      publicKey: signedPreKey.keyPair.public,
      signature: signedPreKey.signature,
    },
  };
  return {
    us,
    them: createSimDevice({ seed: randomBytes(32), deviceId: 0 }),
    ourBundle,
    close: () => parts.disposeAsync(),
  };
}

async function inject(us: SignalRepository, them: SimDevice): Promise<void> {
  const { registrationId, identity, signedPreKey, preKey } = them.takeBundle();
  await us.injectE2ESession({
    jid: theirs,
    session: {
      registrationId,
      identityKey: generateSignalPubKey(identity),
      signedPreKey: {
        keyId: signedPreKey.id,
        publicKey: generateSignalPubKey(signedPreKey.publicKey),
        signature: signedPreKey.signature,
      },
      preKey: { keyId: preKey!.id, publicKey: generateSignalPubKey(preKey!.publicKey) },
    },
  });
}

test("both wrote first: reading on the older session does not break the one we write with", async () => {
  const { us, them, ourBundle, close } = await openRig();
  const write = async (conversation: string) =>
    await us.encryptMessage({ jid: theirs, data: encodeWAMessage({ conversation }) });
  const theyRead = async ({ type, ciphertext }: { type: string; ciphertext: Uint8Array }) =>
    (await them.decrypt(ours, type, ciphertext)).conversation;
  const read = async ({ type, ciphertext }: { type: "pkmsg" | "msg"; ciphertext: Uint8Array }) =>
    proto.Message.decode(unpadRandomMax16(await us.decryptMessage({ jid: theirs, type, ciphertext }))).conversation;

  await them.openSession(ours, ourBundle);
  const theirFirst = await them.encrypt(ours, { conversation: "hello" });
  await inject(us, them);
  const ourFirst = await write("hi");
  expect(await theyRead(ourFirst)).toBe("hi");
  // The session used last is tried first; the times are milliseconds.
  await wait(3);
  expect(await read(theirFirst)).toBe("hello");
  expect(await theyRead(await write("on yours"))).toBe("on yours");
  await wait(3);
  expect(await read(await them.encrypt(ours, { conversation: "one" }))).toBe("one");
  // Again and again, on whichever session each side holds.
  for (let n = 2; n < 8; n += 1) {
    expect(await theyRead(await write(`ours ${n}`))).toBe(`ours ${n}`);
    expect(await read(await them.encrypt(ours, { conversation: `theirs ${n}` }))).toBe(`theirs ${n}`);
  }
  await close();
});
