import { Curve, proto } from "@whiskeysockets/baileys";
import { createNoiseState, type NoiseState } from "./noise-state.ts";
import type { ServerKeys } from "./server-keys.ts";

/** What a finished handshake leaves: who the client is and the keys of what follows. */
export interface Established {
  readonly clientStatic: Uint8Array;
  readonly payload: proto.IClientPayload;
  /** The client's messages are sealed with it. */
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/** The answer to a client's hello: the handshake is over with it, or waits for the client's last word. */
export interface HelloAnswer {
  /** Encoded `HandshakeMessage` to send. */
  readonly answer: Uint8Array;
  readonly established?: Established;
  /** Takes the `clientFinish` frame. Throws when it was tampered with. */
  readonly finish?: (frame: Uint8Array) => Established;
}

/**
 * Answers a `clientHello`. A client that names no static key gets the XX pattern. One that knows the server's static
 * key resumes with IK; when it was another key, XXfallback starts over. Throws for what is no hello.
 */
export function answerHello(keys: ServerKeys, intro: Uint8Array, frame: Uint8Array): HelloAnswer {
  const { clientHello } = proto.HandshakeMessage.decode(frame);
  const clientEphemeral = key32(clientHello?.ephemeral, "the client's ephemeral key");
  const { static: sealedStatic, payload } = clientHello ?? {};
  if (isFilled(sealedStatic) && isFilled(payload)) {
    const resumed = resume(keys, intro, { clientEphemeral, sealedStatic, payload });
    return resumed ?? startXx(keys, createNoiseState("XXfallback", intro), clientEphemeral);
  }
  return startXx(keys, createNoiseState("XX", intro), clientEphemeral);
}

/** Noise XX: `-> e`, `<- e, ee, s, es`, `-> s, se`; the fallback differs in its name only. */
function startXx(keys: ServerKeys, state: NoiseState, clientEphemeral: Uint8Array): HelloAnswer {
  const ephemeral = Curve.generateKeyPair();
  state.mixHash(clientEphemeral);
  state.mixHash(ephemeral.public);
  state.mixKey(Curve.sharedKey(ephemeral.private, clientEphemeral));
  const sealedStatic = state.seal(keys.static.public);
  state.mixKey(Curve.sharedKey(keys.static.private, clientEphemeral));
  const payload = state.seal(keys.certChain);
  return {
    answer: encodeHello({ ephemeral: ephemeral.public, static: sealedStatic, payload }),
    finish: (frame) => {
      const { clientFinish } = proto.HandshakeMessage.decode(frame);
      if (!isFilled(clientFinish?.static) || !isFilled(clientFinish.payload)) {
        throw new Error("the client's last word of the handshake is missing");
      }
      const clientStatic = key32(state.open(clientFinish.static), "the client's static key");
      state.mixKey(Curve.sharedKey(ephemeral.private, clientStatic));
      return establish(state, clientStatic, state.open(clientFinish.payload));
    },
  };
}

/** Noise IK: `-> e, es, s, ss`, `<- e, ee, se`. Nothing when the client meant another static key. */
function resume(
  keys: ServerKeys,
  intro: Uint8Array,
  hello: { readonly clientEphemeral: Buffer; readonly sealedStatic: Uint8Array; readonly payload: Uint8Array },
): HelloAnswer | undefined {
  const state = createNoiseState("IK", intro);
  state.mixHash(keys.static.public);
  state.mixHash(hello.clientEphemeral);
  state.mixKey(Curve.sharedKey(keys.static.private, hello.clientEphemeral));
  let clientStatic: Buffer;
  let payload: Uint8Array;
  try {
    clientStatic = key32(state.open(hello.sealedStatic), "the client's static key");
    state.mixKey(Curve.sharedKey(keys.static.private, clientStatic));
    payload = state.open(hello.payload);
  } catch {
    // Sealed for a server with another key, as after its keys changed: the client must start over.
    return undefined;
  }
  const ephemeral = Curve.generateKeyPair();
  state.mixHash(ephemeral.public);
  state.mixKey(Curve.sharedKey(ephemeral.private, hello.clientEphemeral));
  state.mixKey(Curve.sharedKey(ephemeral.private, clientStatic));
  const answer = encodeHello({ ephemeral: ephemeral.public, payload: state.seal(keys.certChain) });
  return { answer, established: establish(state, clientStatic, payload) };
}

function establish(state: NoiseState, clientStatic: Uint8Array, payload: Uint8Array): Established {
  const [clientKey, serverKey] = state.split();
  return { clientStatic, payload: proto.ClientPayload.decode(payload), clientKey, serverKey };
}

function encodeHello(serverHello: proto.HandshakeMessage.IServerHello): Uint8Array {
  return proto.HandshakeMessage.encode({ serverHello }).finish();
}

function isFilled(bytes: Uint8Array | null | undefined): bytes is Uint8Array {
  return bytes !== null && bytes !== undefined && bytes.length > 0;
}

function key32(bytes: Uint8Array | null | undefined, name: string): Buffer {
  if (bytes?.length !== 32) throw new Error(`${name} is not 32 bytes`);
  return Buffer.from(bytes);
}
