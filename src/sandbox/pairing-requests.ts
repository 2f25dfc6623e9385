import { randomBytes } from "node:crypto";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Connection } from "./connection.ts";
import { refusal } from "./disconnect.ts";
import { takeEarlyAck } from "./pairing/early-notices.ts";
import { readSignedPreKey } from "./pre-keys.ts";
import { bytesOf, childOf, serverJid, stanza, textOf, uintBytes, uintOf } from "./wire/stanza.ts";
import type { World } from "./world.ts";

const refCount = 6;
const refBytes = 96;

/** A client without a login wants to be linked: it gets what its QR codes are made of. */
export function offerPairing(world: World, connection: Connection): void {
  const { devicePairingData: data } = connection.link.payload;
  const identity = data?.eIdent ?? undefined;
  const registrationId = uintOf(data?.eRegid ?? undefined);
  const signedPreKey = identity === undefined ? undefined : signedPreKeyOf(data ?? {}, identity);
  if (identity?.length !== 32 || registrationId === undefined || signedPreKey === undefined) {
    world.trace.refusal("handshake", "the client that wants to be linked shows no keys, or keys it did not sign");
    connection.close(refusal(400));
    return;
  }
  const refs = Array.from({ length: refCount }, () => `2@${randomBytes(refBytes).toString("base64")}`);
  connection.pairing = {
    refs,
    offeredMs: world.options.clock.monotonicMs(),
    notices: new Map(),
    retiredBy: undefined,
    registrationId,
    identity,
    signedPreKey,
    link: undefined,
    isTaken: false,
  };
  const children = refs.map((ref) => stanza("ref", {}, Buffer.from(ref)));
  const attrs = { from: serverJid, type: "set", xmlns: "md", id: world.nextId() };
  connection.send(stanza("iq", attrs, [stanza("pair-device", {}, children)]));
}

type PairingData = NonNullable<Connection["link"]["payload"]["devicePairingData"]>;

function signedPreKeyOf({ eSkeyId, eSkeyVal, eSkeySig }: PairingData, identity: Uint8Array) {
  if (!eSkeyId || !eSkeyVal || !eSkeySig) return undefined;
  const id = uintBytes(uintOf(eSkeyId) ?? 0, 3);
  const children = [stanza("id", {}, id), stanza("value", {}, eSkeyVal), stanza("signature", {}, eSkeySig)];
  return readSignedPreKey(stanza("skey", {}, children), identity);
}

/** Takes a stanza of a client that is not logged in: all it can do is to ask for pairing by code. */
export function takePairingStanza(world: World, connection: Connection, node: BinaryNode): void {
  const { pairing } = connection;
  const request = childOf(node, "link_code_companion_reg");
  if (node.tag === "iq" && node.attrs["xmlns"] === "md" && request !== undefined && pairing !== undefined) {
    answerLinkCode(world, connection, { node, request });
  } else if (node.tag === "iq" && node.attrs["xmlns"] === "md" && pairing?.ceremony?.query(node) === true) {
    return;
  } else if (node.tag === "iq" && node.attrs["xmlns"] === "w:p") {
    answer(connection, node, []);
  } else if (node.tag === "iq") {
    world.trace.unhandled(undefined, node);
    answer(connection, node, { error: 501, text: "feature-not-implemented" });
  } else if (node.tag === "ack") {
    takeEarlyAck(world, connection, node);
    pairing?.ceremony?.acknowledged(node);
  } else if (!greetings.has(node.tag)) world.trace.unhandled(undefined, node);
}

/** What clients say by the way while they are being linked. */
const greetings = new Set(["ib", "presence"]);

function answerLinkCode(
  world: World,
  connection: Connection,
  { node, request }: { readonly node: BinaryNode; readonly request: BinaryNode },
): void {
  const { pairing } = connection;
  if (pairing === undefined) return;
  const { number: about = "" } = world.directory.identify(request.attrs["jid"] ?? "") ?? {};
  if (world.faults.match("iq-timeout", { number: about, xmlns: "md" }) !== undefined) return;
  const fault = world.faults.match("iq-error", { number: about, xmlns: "md" });
  if (fault !== undefined) return answer(connection, node, { error: fault.code ?? 500, text: "injected" });
  if (request.attrs["stage"] === "companion_hello") {
    const number = world.directory.identify(request.attrs["jid"] ?? "")?.number;
    const wrapped = bytesOf(childOf(request, "link_code_pairing_wrapped_companion_ephemeral_pub"));
    if (number === undefined || wrapped?.length !== 80) return answer(connection, node, badRequest);
    if (world.behaviour.displayNames === "known" && !isKnownDisplay(request)) {
      world.trace.refusal("pairing-code", "the client asks for a pairing code under a name that is no browser's");
      return answer(connection, node, badRequest);
    }
    const ref = randomBytes(16);
    pairing.link = { number, ref, wrapped, isOver: false, finish: undefined };
    const child = stanza("link_code_pairing_ref", {}, ref);
    return answer(connection, node, [stanza("link_code_companion_reg", { stage: "companion_hello" }, [child])]);
  }
  const wrappedBundle = bytesOf(childOf(request, "link_code_pairing_wrapped_key_bundle"));
  const companionIdentity = bytesOf(childOf(request, "companion_identity_public"));
  const { link } = pairing;
  const isExpected = request.attrs["stage"] === "companion_finish" && link?.finish !== undefined;
  if (!isExpected || wrappedBundle === undefined || companionIdentity === undefined) {
    return answer(connection, node, badRequest);
  }
  const isRight = link.finish?.({ wrappedBundle, companionIdentity }) === true;
  answer(connection, node, isRight ? [] : badRequest);
}

/**
 * WhatsApp protocol: seen to be accepted are the systems below, behind the name of a browser; a name of one's own is
 * answered 400. Whether there are more that pass only the real server can say.
 */
const knownDisplay = /^(?:Google )?(?:Chrome|Edge|Firefox|Safari|Opera|IE) \((?:Windows|Mac OS|Linux|Ubuntu)\)$/;

function isKnownDisplay(request: BinaryNode): boolean {
  return knownDisplay.test(textOf(childOf(request, "companion_platform_display")) ?? "");
}

const badRequest = { error: 400, text: "bad-request" };

/** Answers a query of a client that is not logged in. */
export function answer(
  connection: Connection,
  node: BinaryNode,
  result: readonly BinaryNode[] | { readonly error: number; readonly text: string },
): void {
  const { id } = node.attrs;
  const failed = "error" in result;
  const content = failed ? [stanza("error", { code: result.error, text: result.text })] : result;
  connection.send(stanza("iq", { from: serverJid, type: failed ? "error" : "result", id }, content));
}
