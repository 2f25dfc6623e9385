import { proto, type BinaryNode } from "@whiskeysockets/baileys";
import { accountOf } from "./account.ts";
import { createCompanion, linkedDevice } from "./companion.ts";
import type { Connection } from "./connection.ts";
import type { CodeInput, LinkedDevice, ScanInput } from "./control.ts";
import { announceDevices } from "./device-notices.ts";
import { farewell } from "./disconnect.ts";
import { hostedDevice, userJid } from "./jid.ts";
import { signDeviceIdentity, verifyDeviceSignature } from "./pairing/device-identity.ts";
import { isAcknowledged, notifyEarly } from "./pairing/early-notices.ts";
import { finishLinkCode, startLinkCode } from "./pairing/link-code.ts";
import { isAlive } from "./pairing/qr-life.ts";
import { parseQr } from "./pairing/qr.ts";
import type { LinkRequest, PairingState } from "./pairing-state.ts";
import { askPasskey } from "./passkey/ask-passkey.ts";
import { SandboxError } from "./sandbox-error.ts";
import type { SimDevice } from "./signal/sim-device.ts";
import { createStanzaQueue } from "./stanza-queue.ts";
import { bytesOf, childOf, serverJid, stanza } from "./wire/stanza.ts";
import type { World } from "./world.ts";

/**
 * The phone scans a QR code; it goes on until the client is linked or gone. Throws `invalid`, `not_found`, `refused`,
 * `conflict`.
 */
export async function scanQr(world: World, input: ScanInput): Promise<LinkedDevice> {
  const qr = parseQr(input.qr);
  const found = waitingClients(world).find(({ pairing }) => pairing.refs.includes(qr.ref));
  if (found === undefined) throw new SandboxError("not_found", "no client that is connected shows this QR code");
  const { connection, pairing } = found;
  if (!isAlive(world, pairing, qr.ref)) throw new SandboxError("refused", "the time of this QR code is over");
  if (pairing.retiredBy !== undefined && !isAcknowledged(world, connection, pairing.retiredBy)) {
    throw new SandboxError("refused", "this QR code is dead: its client did not take the rotation");
  }
  const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
  if (!isSame(qr.noisePublic, connection.link.clientStatic) || !isSame(qr.identityPublic, pairing.identity)) {
    world.trace.refusal("pairing-code", "the QR code names other keys than the client that was given its reference");
    throw new SandboxError("refused", "the QR code names other keys than its client has");
  }
  return linkWith(world, { ...found, input, advSecret: qr.advSecret });
}

/** The phone's owner types a pairing code; then likewise. Throws `not_found`, `refused`, `conflict`, `unavailable`. */
export async function typeCode(world: World, input: CodeInput): Promise<LinkedDevice> {
  const found = codeRequest(world, input.number);
  const request = found.link;
  if (request.isOver) throw new SandboxError("refused", "the time of this pairing code is over");
  if (request.finish !== undefined) throw new SandboxError("conflict", "the code is being checked");
  const phone = phoneOf(world, input.number);
  const hello = (children: readonly BinaryNode[]): void => {
    const content = [stanza("link_code_companion_reg", { stage: "primary_hello" }, children)];
    notifyEarly(world, found.connection, { type: "link_code_companion_reg", content });
  };
  const ref = stanza("link_code_pairing_ref", {}, request.ref);
  if (hasBareHello(world, input.number)) {
    hello([ref]);
    return linkWith(world, { ...found, input, advSecret: undefined });
  }
  const { wrappedEphemeral, primaryIdentity, state } = await startLinkCode({
    code: input.code,
    phoneIdentity: phone.identity,
    companionWrapped: request.wrapped,
  });
  const children = [
    ref,
    stanza("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrappedEphemeral),
    stanza("primary_identity_pub", {}, primaryIdentity),
  ];
  const answered = answerTo(request, (last) => finishLinkCode(state, last).advSecret, world.signal);
  hello(children);
  try {
    const advSecret = await answered;
    return await linkWith(world, { ...found, input, advSecret });
  } catch (error) {
    const isCode = error instanceof SandboxError && error.code === "refused" && found.pairing.ceremony === undefined;
    if (isCode) world.trace.refusal("pairing-code", error.message);
    throw error;
  }
}

/** Who asked last for a code for the phone with this number. Throws `not_found`. */
export function codeRequest(world: World, number: string) {
  const found = waitingClients(world).findLast(({ pairing }) => pairing.link?.number === number);
  const link = found?.pairing.link;
  if (found === undefined || link === undefined) {
    throw new SandboxError("not_found", `no client asked for a pairing code for ${number}`);
  }
  return { ...found, link };
}

/** Clients that show QR codes or a pairing code. */
export function waitingClients(
  world: World,
): readonly { readonly connection: Connection; readonly pairing: PairingState }[] {
  return [...world.connections].flatMap((connection) =>
    connection.pairing === undefined ? [] : [{ connection, pairing: connection.pairing }],
  );
}

const finishMs = 15_000;

/** Resolves with the secret as soon as the companion proved that it knows the code; rejects when it does not. */
async function answerTo(
  request: LinkRequest,
  check: (last: Parameters<NonNullable<LinkRequest["finish"]>>[0]) => Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(finishMs)]);
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const giveUp = (): void => reject(new SandboxError("unavailable", "the client did not answer"));
      until.addEventListener("abort", giveUp, { once: true });
      request.finish = (last) => {
        try {
          resolve(check(last));
          return true;
        } catch (error) {
          reject(error);
          return false;
        }
      };
    });
  } finally {
    request.finish = undefined;
  }
}

function phoneOf(world: World, number: string): SimDevice {
  const phone = world.directory.person(number).devices.get(0);
  if (phone === undefined) throw new SandboxError("conflict", `${number} has no phone`);
  return phone.signal();
}

/** WhatsApp protocol: some phones with a passkey say no keys after a code was typed. */
function hasBareHello(world: World, number: string): boolean {
  return (
    world.directory.person(number).passkey?.required === true &&
    world.faults.match("passkey-bare-hello", { number }) !== undefined
  );
}

interface Linking {
  readonly connection: Connection;
  readonly pairing: PairingState;
  readonly input: Omit<ScanInput, "qr">;
  readonly advSecret: Uint8Array;
}

/** Links, with the account's passkey first where one is wanted. Without a secret nothing but a passkey can link. */
async function linkWith(
  world: World,
  linking: Omit<Linking, "advSecret"> & { readonly advSecret: Uint8Array | undefined },
): Promise<LinkedDevice> {
  const { number } = linking.input;
  const handed = await askPasskey(world, { ...linking, number });
  const advSecret = handed?.advSecret ?? linking.advSecret;
  if (advSecret === undefined) throw new SandboxError("conflict", "the phone knows nothing to vouch with");
  const linked = link(world, { ...linking, advSecret });
  handed?.settle();
  return linked;
}

const maxCompanions = 20;

/** The phone vouches for the device, and the device for itself; then it has to log in. */
async function link(world: World, linking: Linking): Promise<LinkedDevice> {
  const { connection, pairing, input, advSecret } = linking;
  if (pairing.isTaken) throw new SandboxError("conflict", "this client is being linked already");
  const person = world.directory.person(input.number);
  if (person.companions.size >= maxCompanions) throw new SandboxError("conflict", "no more devices can be linked");
  pairing.isTaken = true;
  try {
    const account = accountOf(world, person, input);
    person.name = input.name ?? input.business ?? person.name;
    person.onWhatsApp = true;
    while (account.nextDevice === hostedDevice || person.devices.has(account.nextDevice)) account.nextDevice += 1;
    const id = account.nextDevice;
    account.nextDevice += 1;
    const signed = signDeviceIdentity({
      phoneIdentity: phoneOf(world, input.number).identity,
      companionIdentity: pairing.identity,
      advSecret,
      keyIndex: id,
      timestamp: world.seconds(),
    });
    const business = input.business ?? account.business;
    const children = [
      stanza("device-identity", {}, signed.hmacIdentity),
      ...(business === undefined ? [] : [stanza("biz", { name: business })]),
      stanza("platform", { name: input.platform ?? account.platform }),
      stanza("client-props", {}, proto.ClientPairingProps.encode({ isChatDbLidMigrated: person.lidMigrated }).finish()),
      stanza("device", { jid: userJid(person.number, "pn", id), lid: userJid(person.lid, "lid", id) }),
    ];
    const attrs = { from: serverJid, type: "set", xmlns: "md", id: world.nextId(), t: world.seconds() };
    const reply = await connection
      .ask(stanza("iq", attrs, [stanza("pair-success", {}, children)]), world.signal)
      .catch((cause: unknown) => {
        if (pairing.retiredBy === undefined || connection.isOpen()) throw cause;
        throw new SandboxError("refused", "this QR code is dead: it is from before the rotation", { cause });
      });
    const identity = childOf(childOf(reply, "pair-device-sign"), "device-identity");
    const isRight =
      identity?.attrs["key-index"] === String(id) &&
      verifyDeviceSignature(signed, bytesOf(identity) ?? Buffer.alloc(0));
    if (!isRight) {
      world.trace.refusal("device-signature", `the device that ${input.number} links did not sign its identity`);
      connection.close(farewell(500));
      throw new SandboxError("refused", "the client's device signature is wrong");
    }
    const { registrationId, signedPreKey } = pairing;
    const companion = createCompanion({
      person,
      id,
      noiseKey: connection.link.clientStatic,
      queue: createStanzaQueue(),
      bootstrapped: false,
      keys: { registrationId, identity: pairing.identity, signedPreKey },
    });
    person.companions.set(id, companion);
    connection.pairing = undefined;
    connection.close(farewell(515));
    announceDevices(world, person, { add: [id] });
    world.changed();
    return linkedDevice(companion);
  } finally {
    pairing.isTaken = false;
  }
}
