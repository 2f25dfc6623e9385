import { once } from "node:events";
import {
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  decodeBinaryNode,
  encodeBinaryNode,
  makeNoiseHandler,
  NOISE_WA_HEADER,
  proto,
  type BinaryNode,
  type KeyPair,
} from "@whiskeysockets/baileys";
import { WebSocket } from "ws";
import { createNoiseCipher, createNoiseState, type NoiseState } from "#sandbox/wire/noise-state.ts";
import { createBaileysLog } from "../baileys-log.ts";

/** A connected client. */
export interface NoiseClient {
  readonly ws: WebSocket;
  /** Sealed and framed bytes of a stanza; each one must be sent, in order. */
  frame(node: BinaryNode): Uint8Array;
  /** Like `frame`, for bytes that are no honest stanza. */
  frameBytes?(plain: Uint8Array): Uint8Array;
  /** The next stanza of the server. */
  receive(): Promise<BinaryNode>;
  /** What the server showed in the handshake. */
  readonly certChain?: Uint8Array;
  readonly pattern: string;
}

const [primary, secondary, tertiary] = DEFAULT_CONNECTION_CONFIG.version;
const userAgent = { appVersion: { primary, secondary, tertiary } };
const login = { username: 5_511_900_000_009, device: 3, passive: true, userAgent };
const payload = proto.ClientPayload.encode(login).finish();

/** A client that leaves the handshake to Baileys. */
export async function connectBaileys(
  url: string,
  options: { readonly routingInfo?: Buffer; readonly damage?: (finish: Buffer) => Buffer } = {},
): Promise<NoiseClient> {
  const ephemeral = Curve.generateKeyPair();
  const noiseKey = Curve.generateKeyPair();
  const noise = makeNoiseHandler({
    keyPair: ephemeral,
    NOISE_HEADER: NOISE_WA_HEADER,
    logger: createBaileysLog(),
    ...(options.routingInfo === undefined ? {} : { routingInfo: options.routingInfo }),
  });
  const { ws, next } = await open(url);
  ws.send(noise.encodeFrame(proto.HandshakeMessage.encode({ clientHello: { ephemeral: ephemeral.public } }).finish()));
  const hello = proto.HandshakeMessage.decode((await next()).subarray(3));
  const sealedStatic = noise.processHandshake(hello, noiseKey);
  const clientFinish = { static: sealedStatic, payload: noise.encrypt(payload) };
  const finish = Buffer.from(noise.encodeFrame(proto.HandshakeMessage.encode({ clientFinish }).finish()));
  ws.send(options.damage === undefined ? finish : options.damage(finish));
  await noise.finishInit();
  return {
    ws,
    pattern: "XX",
    frame: (node) => noise.encodeFrame(encodeBinaryNode(node)),
    receive: async () => {
      const { promise, resolve } = Promise.withResolvers<BinaryNode>();
      await noise.decodeFrame(await next(), (node) => resolve(node as BinaryNode));
      return promise;
    },
  };
}

/** A client that resumes with the server's static key, and starts over when the server has another one. */
export async function connectResuming(
  url: string,
  serverStatic: Uint8Array,
  own: KeyPair = Curve.generateKeyPair(),
): Promise<NoiseClient> {
  const ephemeral = Curve.generateKeyPair();
  const ik = createNoiseState("IK", NOISE_WA_HEADER);
  ik.mixHash(serverStatic);
  ik.mixHash(ephemeral.public);
  ik.mixKey(Curve.sharedKey(ephemeral.private, serverStatic));
  const sealedStatic = ik.seal(own.public);
  ik.mixKey(Curve.sharedKey(own.private, serverStatic));
  const clientHello = { ephemeral: ephemeral.public, static: sealedStatic, payload: ik.seal(payload) };
  const { ws, next } = await open(url);
  ws.send(Buffer.concat([NOISE_WA_HEADER, framed(proto.HandshakeMessage.encode({ clientHello }).finish())]));
  const { serverHello } = proto.HandshakeMessage.decode((await next()).subarray(3));
  const theirs = serverHello!.ephemeral!;
  if ((serverHello!.static?.length ?? 0) === 0) {
    ik.mixHash(theirs);
    ik.mixKey(Curve.sharedKey(ephemeral.private, theirs));
    ik.mixKey(Curve.sharedKey(own.private, theirs));
    return talking({ ws, next, state: ik, pattern: "IK", certChain: ik.open(serverHello!.payload!) });
  }
  const xx = createNoiseState("XXfallback", NOISE_WA_HEADER);
  xx.mixHash(ephemeral.public);
  xx.mixHash(theirs);
  xx.mixKey(Curve.sharedKey(ephemeral.private, theirs));
  xx.mixKey(Curve.sharedKey(ephemeral.private, xx.open(serverHello!.static!)));
  const certChain = xx.open(serverHello!.payload!);
  const lastStatic = xx.seal(own.public);
  xx.mixKey(Curve.sharedKey(own.private, theirs));
  const clientFinish = { static: lastStatic, payload: xx.seal(payload) };
  ws.send(framed(proto.HandshakeMessage.encode({ clientFinish }).finish()));
  return talking({ ws, next, state: xx, pattern: "XXfallback", certChain });
}

function talking(input: {
  readonly ws: WebSocket;
  readonly next: () => Promise<Buffer>;
  readonly state: NoiseState;
  readonly pattern: string;
  readonly certChain: Uint8Array;
}): NoiseClient {
  const [clientKey, serverKey] = input.state.split();
  const [out, back] = [createNoiseCipher(clientKey), createNoiseCipher(serverKey)];
  return {
    ...input,
    frame: (node) => framed(out.seal(encodeBinaryNode(node))),
    frameBytes: (plain) => framed(out.seal(plain)),
    receive: async () => decodeBinaryNode(back.open((await input.next()).subarray(3))),
  };
}

/** An open socket and its messages one by one. */
export async function open(url: string): Promise<{ ws: WebSocket; next: () => Promise<Buffer> }> {
  const ws = new WebSocket(url);
  const arrived: Buffer[] = [];
  let wake: () => void = () => {};
  ws.on("message", (data) => {
    arrived.push(data as Buffer);
    wake();
  });
  ws.on("error", () => {});
  ws.on("close", () => wake());
  await once(ws, "open");
  const next = async (): Promise<Buffer> => {
    while (arrived.length === 0) {
      if (ws.readyState === WebSocket.CLOSED) throw new Error("the server closed the connection");
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return arrived.shift()!;
  };
  return { ws, next };
}

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntBE(body.length, 0, 3);
  return Buffer.concat([head, body]);
}
