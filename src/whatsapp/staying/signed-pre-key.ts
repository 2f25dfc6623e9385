import {
  signedKeyPair,
  xmppSignedPreKey,
  type AuthenticationCreds,
  type BinaryNode,
  type SignedKeyPair,
} from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import type { AuthState } from "../auth-state.ts";

/** How often the signed pre-key is changed; all in milliseconds. */
export interface SignedPreKeyOptions {
  /** Age at which it is changed, and what is added at random: accounts do not all change it on one day. */
  readonly everyMs: number;
  readonly jitterMs: number;
  /** How often a connection that stays up looks whether it is time, and the wait after a refusal. */
  readonly checkMs: number;
}

const dayMs = 24 * 3_600_000;

/** WhatsApp protocol: WhatsApp Web changes it about once a month. Source: oxidezap/whatsapp-rust #1237, Baileys #968. */
export const defaultSignedPreKey: SignedPreKeyOptions = {
  everyMs: 27 * dayMs,
  jitterMs: 3 * dayMs,
  checkMs: 6 * 3_600_000,
};

/** What is kept about it, in the document of the credentials: one write changes key and history together. */
interface Rotation {
  /** Epoch milliseconds. */
  readonly dueAt: number;
  /** The one before: messages to it may still be on their way. */
  readonly retired?: SignedKeyPair;
  /** Offered to the server, perhaps taken: the process died, or the connection broke, before the answer. */
  readonly offered?: SignedKeyPair;
}

type RotatingCreds = AuthenticationCreds & { signedPreKeyRotation?: Rotation };

/** What rotating works with. */
export interface RotationDeps {
  readonly auth: Pick<AuthState, "creds" | "credsChanged" | "flush">;
  readonly query: (node: BinaryNode) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Changes the signed pre-key when it is old enough, as long as the connection lives. The new key is stored before the
 * server hears of it, and the old one is kept until the next change: whatever a message was encrypted to, and wherever a
 * crash falls, its key is here. Never throws.
 */
export async function keepSignedPreKeyFresh(
  deps: RotationDeps,
  options: SignedPreKeyOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await rotateWhenDue(deps, options);
    } catch (error) {
      if (!signal.aborted) deps.log.warn({ error }, "the signed pre-key could not be changed");
    }
    await sleep(options.checkMs, signal);
  }
}

async function rotateWhenDue(deps: RotationDeps, options: SignedPreKeyOptions): Promise<void> {
  const { auth, clock, log } = deps;
  const creds: RotatingCreds = auth.creds;
  const now = clock.now();
  const nextAt = (): number => now + options.everyMs + Math.random() * options.jitterMs;
  const store = async (rotation: Rotation): Promise<void> => {
    creds.signedPreKeyRotation = rotation;
    auth.credsChanged();
    await auth.flush();
  };
  const rotation = creds.signedPreKeyRotation;
  // How old the present one is nobody knows when it was made before this was written down.
  if (rotation === undefined) return await store({ dueAt: nextAt() });
  if (rotation.offered === undefined && rotation.dueAt > now) return;
  const offered = rotation.offered ?? signedKeyPair(creds.signedIdentityKey, nextId(creds.signedPreKey.keyId));
  await store({ ...rotation, offered });
  // WhatsApp protocol: the server answers without content, or with an error and keeps the old one.
  await deps.query({
    tag: "iq",
    attrs: { to: "@s.whatsapp.net", type: "set", xmlns: "encrypt" },
    content: [{ tag: "rotate", attrs: {}, content: [xmppSignedPreKey(offered)] }],
  });
  const retired = creds.signedPreKey;
  Object.assign(creds, { signedPreKey: offered });
  await store({ dueAt: nextAt(), retired });
  log.info({ keyId: offered.keyId }, "the signed pre-key was changed");
}

/** WhatsApp protocol: ids of keys are three bytes. */
const nextId = (id: number): number => (id >= 0xff_ff_ff ? 1 : id + 1);

/**
 * The credentials as the Signal sessions see them while they read a message: with the signed pre-key that the message
 * names, when it is the one before or one that the server may have taken. Baileys gives its present key whatever the
 * message names.
 */
export function withNamedSignedPreKey<C extends Pick<AuthenticationCreds, "signedPreKey">>(
  creds: C,
  named: () => number | undefined,
): C {
  const own: C & Pick<RotatingCreds, "signedPreKeyRotation"> = creds;
  const seen: unknown = Object.create(creds, {
    signedPreKey: {
      get: () => {
        const id = named();
        const { retired, offered } = own.signedPreKeyRotation ?? {};
        return [retired, offered].find((key) => key !== undefined && key.keyId === id) ?? own.signedPreKey;
      },
    },
  });
  // Everything else is inherited from the credentials, as it is at the moment.
  return seen as C;
}

/**
 * Which signed pre-key a message that opens a session names; undefined when it names none. WhatsApp protocol: one byte
 * of version, then a protobuf whose field 6 is the id (Signal's PreKeySignalMessage).
 */
export function namedSignedPreKey(ciphertext: Uint8Array): number | undefined {
  let at = 1;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = ciphertext[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < ciphertext.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) {
      const value = varint();
      if (tag >>> 3 === 6) return value;
    } else if (wire === 2) {
      const length = varint();
      at += length;
    } else return undefined;
    // A number that is none ends the walk.
    if (Number.isNaN(at)) return undefined;
  }
  return undefined;
}
