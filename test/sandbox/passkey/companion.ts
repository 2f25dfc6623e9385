import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { type BinaryNode, bytesToCrockford, Curve, getBinaryNodeChild, hkdf, proto } from "@whiskeysockets/baileys";
import type { AssertionJson } from "#sandbox/passkey/assertion.ts";
import type { Client } from "../baileys.ts";

/** What a companion does otherwise than WhatsApp Web, to be caught at it. */
export interface Habits {
  /** How often each notification is acknowledged. */
  readonly acks?: number;
  readonly deviceType?: proto.DeviceProps.PlatformType;
  /** No reference is asked for; this one is made up. */
  readonly ref?: string;
  /** The proof is keyed with this secret; `null`: there is none. */
  readonly proofSecret?: Buffer | null;
  /** The nonce that is told is another one than was committed to. */
  readonly otherNonce?: true;
  /** The secret that is asked for. */
  readonly newSecret?: (old: Buffer) => Buffer;
  /** Changes the assertion before it leaves. */
  readonly assertion?: (one: AssertionJson) => unknown;
}

/** A companion of the tests, apart from the one of `src`: how far it came, and the code it computed. */
export interface Companion {
  readonly code: () => string | undefined;
  /** Errors of its queries, by the tag that was asked with. */
  readonly errors: [tag: string, code: number][];
  /** Resolves once the last step was answered. */
  readonly asked: Promise<void>;
  readonly notices: () => string[];
}

/** Answers the passkey ceremony on this client's socket; `sign` is the user's authenticator. */
export function playCompanion(
  client: Client,
  sign: (options: { challenge: string }) => Promise<AssertionJson>,
  habits: Habits = {},
): Companion {
  const { sock, auth } = client;
  const { deviceType = proto.DeviceProps.PlatformType.CHROME, newSecret = () => randomBytes(32) } = habits;
  const errors: Companion["errors"] = [];
  const seen: string[] = [];
  const last = Promise.withResolvers<void>();
  const ephemeral = Curve.generateKeyPair();
  const nonce = randomBytes(32);
  const oldSecret = () => Buffer.from(auth.creds.advSecretKey, "base64");
  let ref = habits.ref ?? "";
  let code: string | undefined;
  let begun = false;
  const query = async (type: "get" | "set", tag: string, content?: BinaryNode["content"]) => {
    const iq = { tag: "iq", attrs: { to: "@s.whatsapp.net", type, xmlns: "md" } };
    try {
      return (await sock.query(
        { ...iq, content: [{ tag, attrs: {}, ...(content && { content }) }] },
        5_000,
      )) as BinaryNode;
    } catch (error) {
      errors.push([tag, Number(Object(error).data)]);
      return undefined;
    }
  };
  const textIn = (node: BinaryNode | undefined, tag: string): string =>
    Buffer.from((getBinaryNodeChild(node, tag)?.content as Uint8Array | undefined) ?? "").toString();
  const on = (type: string, take: (node: BinaryNode) => Promise<void>): void => {
    sock.ws.on(`CB:notification,type:${type}`, (node: BinaryNode) => {
      seen.push(type);
      const times = habits.acks ?? 1;
      const ack = {
        tag: "ack",
        attrs: { id: node.attrs["id"]!, to: node.attrs["from"]!, class: "notification", type },
      };
      // Baileys acknowledges by itself once it knows who it is.
      const own = auth.creds.me?.id === undefined ? times : times - 1;
      void (async () => {
        for (let nth = 0; nth < own; nth += 1) await sock.sendNode(ack);
        await take(node);
      })().catch(() => {});
    });
  };
  on("passkey_prologue_request", async (node) => {
    if (begun) return;
    begun = true;
    let text = textIn(node, "passkey_request_options");
    if (text === "") text = textIn(await query("get", "passkey_request_options"), "passkey_request_options");
    const assertion = await sign(JSON.parse(text));
    if (habits.ref === undefined) ref = textIn(await query("get", "ref"), "ref");
    const { authenticatorAttachment: _, clientExtensionResults: __, ...kept } = assertion;
    const sent = habits.assertion?.(kept) ?? kept;
    const identity = proto.CompanionEphemeralIdentity.encode({ publicKey: ephemeral.public, deviceType, ref }).finish();
    const hash = createHash("sha256").update(identity).update(nonce).digest();
    const payload = proto.ProloguePayload.encode({
      companionEphemeralIdentity: identity,
      commitment: { hash },
    }).finish();
    const key = hkdf(habits.proofSecret ?? oldSecret(), 32, { info: "shortcake-passkey-handoff-v1" });
    await query("set", "passkey_prologue", [
      { tag: "credential_id", attrs: {}, content: Buffer.from(assertion.rawId, "base64url") },
      { tag: "webauthn_assertion", attrs: {}, content: Buffer.from(JSON.stringify(sent)) },
      { tag: "prologue_payload", attrs: {}, content: payload },
      ...(habits.proofSecret === null
        ? []
        : [{ tag: "pairing_handoff_proof", attrs: {}, content: createHmac("sha256", key).update(payload).digest() }]),
    ]);
  });
  on("crsc_continuation", async (node) => {
    const { content } = getBinaryNodeChild(node, "primary_ephemeral_identity") ?? {};
    const { publicKey, nonce: theirs } = proto.PrimaryEphemeralIdentity.decode(content as Uint8Array);
    if (publicKey?.length !== 32 || theirs?.length !== 32) return;
    await query("set", "companion_nonce", habits.otherNonce ? randomBytes(32) : nonce);
    const digest = createHash("sha256").update(nonce).update(publicKey).digest();
    code = bytesToCrockford(Buffer.from([0, 1, 2, 3, 4].map((at) => theirs[at]! ^ digest[at]!)));
    const salt = Buffer.from(`Companion Pairing ${deviceType} with ref ${ref}`);
    const key = hkdf(Curve.sharedKey(ephemeral.private, publicKey), 32, {
      salt,
      info: "Pairing Information Encryption Key",
    });
    const advSecret = newSecret(oldSecret());
    const request = proto.PairingRequest.encode({
      companionPublicKey: auth.creds.noiseKey.public,
      companionIdentityKey: auth.creds.signedIdentityKey.public,
      advSecret,
    }).finish();
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const encryptedPayload = Buffer.concat([cipher.update(request), cipher.final(), cipher.getAuthTag()]);
    auth.creds.advSecretKey = advSecret.toString("base64");
    await query(
      "set",
      "encrypted_pairing_request",
      proto.EncryptedPairingRequest.encode({ encryptedPayload, iv }).finish(),
    );
    last.resolve();
  });
  return { code: () => code, errors, asked: last.promise, notices: () => seen };
}
