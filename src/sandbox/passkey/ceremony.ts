import { randomBytes } from "node:crypto";
import { type BinaryNode, Curve, type KeyPair, proto } from "@whiskeysockets/baileys";
import type { Connection } from "../connection.ts";
import type { Fault } from "../fault.ts";
import type { Refusal } from "../observed.ts";
import type { Person } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import { isAcknowledged, notifyEarly } from "../pairing/early-notices.ts";
import { bytesOf, childOf, childrenOf, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { judgeAssertion } from "./assertion.ts";
import type { CeremonyInfo, CeremonyStage } from "./passkey-control.ts";
import type { PasskeyFaultType } from "./passkey-faults.ts";
import {
  type Commitment,
  comparedCode,
  isCommitted,
  isHandoffProof,
  openPairingRequest,
  readPrologue,
} from "./phone-crypto.ts";

/** What the companion handed over: the secret to vouch with, and what to call once the word of that is on its way. */
export interface Handed {
  readonly advSecret: Uint8Array;
  readonly settle: () => void;
}

/** What a query is answered with: children of the result, or an error. */
export type CeremonyAnswer = readonly BinaryNode[] | { readonly error: number; readonly text: string };

/** The server's and the phone's side of one linking with a passkey. */
export interface Ceremony {
  readonly info: () => CeremonyInfo;
  /** Answers a query; false when it is none of the ceremony's. */
  readonly query: (node: BinaryNode) => boolean;
  /** A client that cannot read the request says so in its acknowledgement. */
  readonly acknowledged: (node: BinaryNode) => void;
  /** The person compared the codes. Throws `conflict` when there is none to compare. */
  readonly confirm: (match: boolean) => void;
  /** The socket is gone. */
  readonly closed: () => void;
  /** What the companion handed over; rejects with `refused` when it comes to nothing. */
  readonly done: Promise<Handed>;
}

/** WhatsApp protocol: how long a challenge is good, milliseconds. */
const challengeMs = 600_000;
const keyBytes = 32;

/**
 * Begins the ceremony: the companion is asked for its user's passkey. `advSecret` is what the phone knows of the
 * companion: the secret in the QR, or the one derived by a pairing code; undefined when it knows none.
 */
export function beginCeremony(
  world: World,
  input: {
    readonly connection: Connection;
    readonly identity: Uint8Array;
    readonly person: Person;
    readonly advSecret: Uint8Array | undefined;
  },
  reply: (node: BinaryNode, answer: CeremonyAnswer) => void,
): Ceremony {
  const { connection, person, advSecret } = input;
  const { number } = person;
  const { clock } = world.options;
  const challenge = randomBytes(keyBytes).toString("base64url");
  const expiresAt = clock.now() + challengeMs;
  const ephemeral: KeyPair = Curve.generateKeyPair();
  const phoneNonce = randomBytes(keyBytes);
  const done = Promise.withResolvers<Handed>();
  done.promise.catch(() => {}); // Whoever scanned hears of it.
  const sent: { readonly type: string; readonly id: string }[] = [];
  let stage: CeremonyStage = "asked";
  let ref: string | undefined;
  let companion: Commitment | undefined;
  let proof: CeremonyInfo["proof"];
  let code: string | undefined;
  let verdict: boolean | undefined;
  let request: Handed | undefined;

  const fault = (type: PasskeyFaultType): Fault | undefined => world.faults.match(type, { number });
  const refuse = (kind: Refusal["kind"], detail: string, error = badRequest): CeremonyAnswer => {
    world.trace.refusal(kind, `${detail} (linking ${number})`);
    end(detail);
    return error;
  };
  const end = (why: string): void => {
    if (stage === "over") return;
    stage = "over";
    done.reject(new SandboxError("refused", why));
  };
  const options = (): BinaryNode => {
    const json = {
      challenge,
      timeout: challengeMs,
      rpId: person.passkey?.rpId,
      allowCredentials: [],
      userVerification: "required",
      extensions: { uvm: true },
    };
    return stanza("passkey_request_options", {}, Buffer.from(JSON.stringify(json)));
  };
  const notify = (type: string, children: readonly BinaryNode[]): void => {
    sent.push({ type, id: notifyEarly(world, connection, { type, content: children }) });
  };
  /** The trace names what the client has not acknowledged by now. */
  const requireAcks = (type: string): void => {
    for (const notice of sent) if (notice.type === type) isAcknowledged(world, connection, notice.id);
  };

  function assertion(query: BinaryNode): CeremonyAnswer {
    requireAcks("passkey_prologue_request");
    const { passkey } = person;
    if (stage !== "asked" || passkey === undefined)
      return refuse("passkey-assertion", "no challenge is open", notAcceptable);
    if (clock.now() >= expiresAt) return refuse("passkey-assertion", "the challenge has expired", notAcceptable);
    const refused = fault("passkey-refuse");
    if (refused !== undefined) {
      end("the assertion was refused, as a fault wants it");
      return { error: refused.code ?? 406, text: "not-acceptable" };
    }
    const part = (tag: string): Uint8Array | undefined => bytesOf(childOf(query, tag));
    const json = part("webauthn_assertion");
    const judged = judgeAssertion(passkey, { challenge, credentialId: part("credential_id"), json });
    if (judged === "unknown") {
      // WhatsApp protocol: nobody is told; the phone just never continues.
      stage = "answered";
      world.trace.refusal(
        "passkey-assertion",
        `the credential or its signature is not the account's (linking ${number})`,
      );
      return [];
    }
    if (judged !== "right") return refuse("passkey-assertion", judged.wrong);
    const payload = part("prologue_payload");
    const read = readPrologue(payload);
    if (payload === undefined || read === undefined)
      return refuse("passkey-payload", "the prologue payload cannot be read");
    if (ref === undefined) return refuse("passkey-no-ref", "no reference was asked for");
    if (read.ref !== ref) return refuse("passkey-payload", "the reference is another one");
    const registered = deviceTypeOf(connection);
    if (read.deviceType !== registered) {
      return refuse("passkey-device-type", `device type ${read.deviceType}, registered as ${registered}`);
    }
    if (read.publicKey.length !== keyBytes) return refuse("passkey-payload", "the ephemeral key is not 32 bytes");
    companion = read;
    proof = proofOf(payload, part("pairing_handoff_proof"));
    stage = "answered";
    if (fault("passkey-silent") === undefined) world.later(fault("passkey-late")?.ms ?? 0, carryOn);
    if (fault("passkey-drop-assertion") !== undefined) world.later(0, () => connection.drop());
    return [];
  }

  function proofOf(payload: Uint8Array, given: Uint8Array | undefined): NonNullable<CeremonyInfo["proof"]> {
    if (given === undefined || advSecret === undefined) return "none";
    if (isHandoffProof({ advSecret, payload, proof: given })) return "right";
    world.trace.refusal("passkey-proof", `the proof is for another secret (linking ${number})`);
    return "wrong";
  }

  function carryOn(): void {
    const bad = fault("passkey-bad-key") !== undefined;
    const publicKey = bad ? ephemeral.public.subarray(1) : ephemeral.public;
    const bytes = proto.PrimaryEphemeralIdentity.encode({ publicKey, nonce: phoneNonce }).finish();
    const tag = fault("passkey-wrong-child") === undefined ? "primary_ephemeral_identity" : "primary_identity";
    notify("crsc_continuation", [stanza(tag, {}, bytes)]);
  }

  function nonce(query: BinaryNode): CeremonyAnswer {
    const given = bytesOf(query);
    if (stage !== "answered" || companion === undefined) return refuse("passkey-commitment", "no nonce was asked for");
    if (given?.length !== keyBytes || !isCommitted(companion, given)) {
      return refuse("passkey-commitment", "the nonce is not the one that was committed to");
    }
    code = comparedCode({ companionNonce: given, phonePublic: ephemeral.public, phoneNonce });
    stage = "code";
    return [];
  }

  function lastStep(query: BinaryNode): CeremonyAnswer | { readonly advSecret: Uint8Array } {
    requireAcks("crsc_continuation");
    if (stage !== "code" || companion === undefined) return refuse("passkey-payload", "the last step came too early");
    const refused = fault("passkey-refuse-request");
    if (refused !== undefined) {
      end("the last step was refused, as a fault wants it");
      return { error: refused.code ?? 403, text: "forbidden" };
    }
    const opened = openPairingRequest(bytesOf(query), { ephemeral, companion });
    if (opened === undefined) return refuse("passkey-payload", "the pairing request cannot be opened");
    if (!isSame(opened.noisePublic, connection.link.clientStatic) || !isSame(opened.identityPublic, input.identity)) {
      return refuse("passkey-payload", "the pairing request names other keys than the client has");
    }
    if (advSecret !== undefined && isSame(opened.advSecret, advSecret)) {
      return refuse("passkey-secret-reused", "the secret that the phone knew already is asked for again");
    }
    return { advSecret: opened.advSecret };
  }

  function takeLastStep(node: BinaryNode, query: BinaryNode): void {
    const taken = lastStep(query);
    if (!("advSecret" in taken)) return reply(node, taken);
    stage = "requested";
    if (fault("passkey-early-success") !== undefined) request = { ...taken, settle: () => reply(node, []) };
    else {
      reply(node, []);
      request = { ...taken, settle: () => {} };
      // Before the phone has vouched.
      if (fault("passkey-drop-request") !== undefined) return connection.drop();
    }
    vouch();
  }

  function vouch(): void {
    if (request === undefined || stage !== "requested") return;
    if (proof === "right" || verdict === true) done.resolve(request);
  }

  const ceremony: Ceremony = {
    done: done.promise,
    info: () => ({ number, stage, ...(code !== undefined && { code }), ...(proof !== undefined && { proof }) }),
    query(node) {
      const [asked] = childrenOf(node);
      if (asked === undefined) return false;
      switch (`${node.attrs["type"]} ${asked.tag}`) {
        case "get ref":
          ref = `2@${randomBytes(24).toString("base64")}`;
          reply(node, [stanza("ref", {}, Buffer.from(ref))]);
          return true;
        case "get passkey_request_options":
          reply(node, [options()]);
          return true;
        case "set passkey_prologue":
          reply(node, assertion(asked));
          return true;
        case "set companion_nonce":
          reply(node, nonce(asked));
          return true;
        case "set encrypted_pairing_request":
          takeLastStep(node, asked);
          return true;
        default:
          return false;
      }
    },
    acknowledged({ attrs: { id, error } }) {
      const isRequest = sent.some((notice) => notice.id === id && notice.type === "passkey_prologue_request");
      if (isRequest && error !== undefined) end(`the client answered the request with ${error}`);
    },
    confirm(match) {
      if (code === undefined || stage === "over") throw new SandboxError("conflict", "there is no code to compare");
      verdict = match;
      if (match) vouch();
      else end("the person said that the codes differ");
    },
    closed: () => end("the client went away"),
  };
  const first = fault("passkey-no-options") === undefined ? [options()] : [];
  notify("passkey_prologue_request", first);
  if (fault("passkey-twice") !== undefined) notify("passkey_prologue_request", first);
  world.later(challengeMs, () => end("the challenge has expired"));
  return ceremony;
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const badRequest = { error: 400, text: "bad-request" };
const notAcceptable = { error: 406, text: "not-acceptable" };

/** WhatsApp protocol: the platform that the client registered with. */
function deviceTypeOf(connection: Connection): number {
  const props = connection.link.payload.devicePairingData?.deviceProps;
  return proto.DeviceProps.decode(props ?? Buffer.alloc(0)).platformType ?? 0;
}
