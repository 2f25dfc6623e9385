import { createHash } from "node:crypto";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion, CompanionKeys, PreKey } from "../companion.ts";
import { bundleNodes, readPreKey, readSignedPreKey, takeBundle } from "../pre-keys.ts";
import { bytesOf, childOf, childrenOf, stanza, uintBytes, uintOf } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import type { IqAnswer, IqHandler, IqQuery } from "./table.ts";

/** Keys: what a device has uploaded, what it uploads, and bundles of others. */
export const answerEncrypt: IqHandler = (world, query) => {
  const { type, child, from, node } = query;
  if (type === "set") {
    const rotate = childOf(node, "rotate");
    return rotate === undefined ? upload(world, query) : rotateSignedPreKey(world, from, rotate);
  }
  switch (child?.tag) {
    case "count":
      return { content: [stanza("count", { value: shownCount(world, from) })] };
    case "digest":
      return digest(from);
    case "key":
      if (
        world.behaviour.staleDevice === "fails-all" &&
        childrenOf(child, "user").some((user) => isGone(world, user))
      ) {
        return notAcceptable;
      }
      return {
        content: [
          stanza(
            "list",
            {},
            childrenOf(child, "user").map((user) => bundleOf(world, user)),
          ),
        ],
      };
    default:
      return "unhandled";
  }
};

/** Of a device that uploaded none: enough to go on without, and 1 for one whose other keys are not known either. */
const fastCount = 30;
const maxPreKeys = 5000;

function shownCount(world: World, { preKeys, keys }: Companion): number {
  if (!world.options.fastPreKeys || preKeys.length > 0) return preKeys.length;
  return keys() === undefined ? 1 : fastCount;
}

function upload(world: World, { node, from }: IqQuery): IqAnswer {
  const identity = bytesOf(childOf(node, "identity"));
  const registrationId = uintOf(bytesOf(childOf(node, "registration")));
  const uploaded = childrenOf(childOf(node, "list"), "key").map(readPreKey);
  const preKeys = uploaded.flatMap((key) => key ?? []);
  const known = from.keys();
  if (identity?.length !== 32 || registrationId === undefined || preKeys.length < uploaded.length) return notAcceptable;
  // A device cannot change its identity; only one that was adopted has yet to show it.
  if (known !== undefined && Buffer.compare(known.identity, identity) !== 0) return notAcceptable;
  const signedPreKey = readSignedPreKey(childOf(node, "skey"), identity);
  if (signedPreKey === undefined) return notAcceptable;
  from.setKeys({ registrationId, identity, signedPreKey });
  addPreKeys(from, preKeys);
  world.changed();
  return {};
}

const notAcceptable: IqAnswer = { error: 406, text: "not-acceptable" };

function addPreKeys({ preKeys }: Companion, added: readonly PreKey[]): void {
  const byId = new Map([...preKeys, ...added].map((key) => [key.id, key]));
  preKeys.splice(0, preKeys.length, ...[...byId.values()].slice(-maxPreKeys));
}

function rotateSignedPreKey(world: World, from: Companion, rotate: BinaryNode): IqAnswer {
  const keys = from.keys();
  const signedPreKey = keys && readSignedPreKey(childOf(rotate, "skey"), keys.identity);
  if (keys === undefined || signedPreKey === undefined) return notAcceptable;
  from.setKeys({ ...keys, signedPreKey });
  world.changed();
  return {};
}

/** What the server holds of the device's keys, so that the device can check it. */
function digest({ keys, preKeys }: Companion): IqAnswer {
  const known = keys();
  if (known === undefined) return { error: 404, text: "item-not-found" };
  const [registration, type, identity, ...signed] = bundleNodes(known);
  const parts = [registration, type, identity, ...signed].flatMap((part) => part ?? []);
  const list = stanza(
    "list",
    {},
    preKeys.map(({ id }) => stanza("id", {}, uintBytes(id, 3))),
  );
  return { content: [stanza("digest", {}, [...parts, list, stanza("hash", {}, digestHash(known, preKeys))])] };
}

/** WhatsApp protocol: SHA-1 over identity, signed pre-key, its signature, and every listed one-time pre-key. */
function digestHash({ identity, signedPreKey }: CompanionKeys, preKeys: readonly PreKey[]): Uint8Array {
  const hash = createHash("sha1").update(identity).update(signedPreKey.publicKey).update(signedPreKey.signature);
  for (const { publicKey } of preKeys) hash.update(publicKey);
  return hash.digest();
}

/** Whether this is a further device, of somebody known, that does not exist (any more). */
function isGone(world: World, { attrs: { jid = "" } }: BinaryNode): boolean {
  const identity = world.directory.identify(jid);
  const person = identity === undefined ? undefined : world.directory.known(identity.number);
  if (identity === undefined || person === undefined || identity.device === 0) return false;
  return !person.devices.has(identity.device) && !person.companions.has(identity.device);
}

/** One person's device as a `key` query wants it. */
function bundleOf(world: World, user: BinaryNode): BinaryNode {
  const { jid = "" } = user.attrs;
  const identity = world.directory.identify(jid);
  const person = world.directory.find(jid);
  const device = person?.devices.get(identity?.device ?? 0);
  if (device !== undefined) return stanza("user", { jid }, bundleNodes(device.signal().takeBundle()));
  const companion = person?.companions.get(identity?.device ?? 0);
  if (companion?.keys() !== undefined) return stanza("user", { jid }, bundleNodes(takeBundle(world, companion)));
  return stanza("user", { jid }, [stanza("error", { code: 404, text: "item-not-found" })]);
}
