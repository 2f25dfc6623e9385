import { randomBytes } from "node:crypto";
import { Curve, type BinaryNode, type KeyPair, type proto } from "@whiskeysockets/baileys";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { createSimDevice, type PreKeyBundle, type SimDevice } from "#sandbox/signal/sim-device.ts";
import { createServerKeys } from "#sandbox/wire/server-keys.ts";
import { bytesOf, childOf, serverJid, stanza, uintBytes } from "#sandbox/wire/stanza.ts";
import { connectResuming } from "./wire/noise-client.ts";

/** Whom the client of the wire tests says it is; device 3. */
export const strictNumber = "5511900000009";

/** A message as the client read it. */
export interface Read {
  readonly id: string;
  readonly from: string;
  readonly type: string;
  readonly message: proto.IMessage;
}

/** A client of our own that is as strict as WhatsApp's: a session for each address, and nothing taken on trust. */
export interface StrictClient {
  readonly pattern: string;
  readonly device: SimDevice;
  readonly noiseKey: KeyPair;
  readonly send: (node: BinaryNode) => void;
  /** The next stanza with this tag that nobody took yet. */
  readonly next: (tag: string, is?: (node: BinaryNode) => boolean) => Promise<BinaryNode>;
  readonly ask: (xmlns: string, type: string, ...content: BinaryNode[]) => Promise<BinaryNode>;
  /** The next message, decrypted with the session of exactly the address it came from. */
  readonly readMessage: () => Promise<Read>;
  readonly confirm: (read: Read) => void;
  /** A text to a person's phone, in the session of that address. */
  readonly letter: (jid: string, attrs: Readonly<Record<string, string>>) => Promise<BinaryNode>;
  readonly close: () => void;
}

/** Logs in by IK, as a new device or as one that was there before; the sandbox adopts it. */
export async function connectStrict(
  { sandbox, seed }: { readonly sandbox: Sandbox; readonly seed: string },
  before?: Pick<StrictClient, "device" | "noiseKey">,
): Promise<StrictClient> {
  const noiseKey = before?.noiseKey ?? Curve.generateKeyPair();
  const device = before?.device ?? createSimDevice({ seed: randomBytes(32), deviceId: 3 });
  const server = createServerKeys(Buffer.from(`${seed}/server`)).static.public;
  const noise = await connectResuming(sandbox.control.config().websocketUrl, server, noiseKey);
  const arrived: BinaryNode[] = [];
  let serial = 0;
  const send = (node: BinaryNode): void => noise.ws.send(noise.frame(node));
  const next: StrictClient["next"] = async (tag, is = () => true) => {
    for (;;) {
      const at = arrived.findIndex((node) => node.tag === tag && is(node));
      if (at !== -1) return arrived.splice(at, 1)[0]!;
      arrived.push(await noise.receive());
    }
  };
  const addressOf = (jid: string): string => `${jid}:0`;
  return {
    pattern: noise.pattern,
    device,
    noiseKey,
    send,
    next,
    async ask(xmlns, type, ...content) {
      serial += 1;
      const id = `q${serial}`;
      send(stanza("iq", { id, xmlns, type, to: serverJid }, content));
      return next("iq", ({ attrs }) => attrs["id"] === id);
    },
    async readMessage() {
      const node = await next("message");
      const enc = childOf(node, "enc");
      const { id = "", from = "" } = node.attrs;
      const type = enc?.attrs["type"] ?? "";
      return { id, from, type, message: await device.decrypt(addressOf(from), type, bytesOf(enc)!) };
    },
    confirm: ({ id, from }) => send(stanza("receipt", { id, to: from })),
    async letter(jid, attrs) {
      const { type, ciphertext } = await device.encrypt(addressOf(jid), { conversation: "answer" });
      const target = stanza("to", { jid }, [stanza("enc", { v: 2, type }, ciphertext)]);
      const id = `3EB0${randomBytes(8).toString("hex").toUpperCase()}`;
      return stanza("message", { ...attrs, id, to: jid, type: "text" }, [stanza("participants", {}, [target])]);
    },
    close: () => noise.ws.terminate(),
  };
}

/** What `encrypt set` uploads. */
export function keyNodes(bundles: readonly PreKeyBundle[]): BinaryNode[] {
  const [first] = bundles;
  const key = (id: number, value: Uint8Array): BinaryNode[] => [
    stanza("id", {}, uintBytes(id, 3)),
    stanza("value", {}, value),
  ];
  const { registrationId, identity, signedPreKey } = first!;
  return [
    stanza("registration", {}, uintBytes(registrationId, 4)),
    stanza("type", {}, Uint8Array.of(5)),
    stanza("identity", {}, identity),
    stanza(
      "list",
      {},
      bundles.flatMap(({ preKey }) => (preKey ? [stanza("key", {}, key(preKey.id, preKey.publicKey))] : [])),
    ),
    stanza("skey", {}, [
      ...key(signedPreKey.id, signedPreKey.publicKey),
      stanza("signature", {}, signedPreKey.signature),
    ]),
  ];
}
