import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion, PreKey } from "./companion.ts";
import { SandboxError } from "./sandbox-error.ts";
import { isSigned, signalKey } from "./signal/curve.ts";
import type { PreKeyBundle } from "./signal/sim-device.ts";
import { bytesOf, childOf, serverJid, stanza, uintBytes, uintOf } from "./wire/stanza.ts";
import type { World } from "./world.ts";

/** With fewer one-time pre-keys left the device is asked for more. */
const lowPreKeys = 5;

/** The keys somebody needs to write to the device; a one-time pre-key is given once. Throws `unavailable`. */
export function takeBundle(world: World, companion: Companion): PreKeyBundle {
  const keys = companion.keys();
  if (keys === undefined) throw new SandboxError("unavailable", "the device has not shown its keys yet");
  const preKey = companion.preKeys.shift();
  if (preKey === undefined) return keys;
  world.changed();
  const left = companion.preKeys.length;
  if (left === lowPreKeys - 1 || left === 0) {
    const attrs = { from: serverJid, type: "encrypt", id: world.nextId(), t: world.seconds() };
    world.post(companion, stanza("notification", attrs, [stanza("count", { value: left })]));
  }
  return { ...keys, preKey };
}

/** A bundle as queries and retry receipts carry it. */
export function bundleNodes(bundle: PreKeyBundle): readonly BinaryNode[] {
  const { registrationId, identity, signedPreKey, preKey } = bundle;
  return [
    stanza("registration", {}, uintBytes(registrationId, 4)),
    stanza("type", {}, keyType),
    stanza("identity", {}, identity),
    ...(preKey === undefined ? [] : [preKeyNode("key", preKey)]),
    preKeyNode("skey", signedPreKey),
  ];
}

/** WhatsApp protocol: all keys are of type 5, Curve25519. */
const keyType = Uint8Array.of(5);

function preKeyNode(tag: string, key: PreKey & { readonly signature?: Uint8Array }): BinaryNode {
  const signature = key.signature === undefined ? [] : [stanza("signature", {}, key.signature)];
  return stanza(tag, {}, [stanza("id", {}, uintBytes(key.id, 3)), stanza("value", {}, key.publicKey), ...signature]);
}

/** Reads a `key`; undefined when it is not one. */
export function readPreKey(node: BinaryNode | undefined): PreKey | undefined {
  const id = uintOf(bytesOf(childOf(node, "id")));
  const publicKey = bytesOf(childOf(node, "value"));
  return id === undefined || publicKey?.length !== 32 ? undefined : { id, publicKey };
}

/** Reads a `skey` and checks that the identity signed it; undefined when it did not. */
export function readSignedPreKey(
  node: BinaryNode | undefined,
  identity: Uint8Array,
): PreKeyBundle["signedPreKey"] | undefined {
  const key = readPreKey(node);
  const signature = bytesOf(childOf(node, "signature"));
  if (key === undefined || signature === undefined) return undefined;
  return isSigned(identity, signalKey(key.publicKey), signature) ? { ...key, signature } : undefined;
}
