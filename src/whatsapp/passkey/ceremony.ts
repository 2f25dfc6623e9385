import { randomBytes } from "node:crypto";
import type { AuthenticationCreds, BinaryNode, proto } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { PasskeyFailure, PasskeyOptions, PasskeyStage, PasskeyView } from "#domain/passkey.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import { checkCredential, type CheckedCredential } from "./credential.ts";
import type { PasskeyTimes } from "./passkey-options.ts";
import { requestOptionsOf } from "./request-options.ts";
import {
  comparedCode,
  handoffKeyOf,
  handoffProof,
  keyBytes,
  newCompanionKeys,
  type CompanionKeys,
  type PhoneKeys,
  phoneKeysOf,
  prologuePayload,
  sealPairingRequest,
} from "./shortcake.ts";
import { type AskServer, bytesOf, childrenOf, contentOf, type WireAnswer } from "./wire.ts";

/** What a ceremony works with. */
export interface CeremonyDeps {
  readonly ask: AskServer;
  readonly creds: Pick<AuthenticationCreds, "advSecretKey" | "noiseKey" | "signedIdentityKey">;
  /** Digits of the number that is being linked, once they are known. */
  readonly number: () => string | undefined;
  /** Replaces the secret that `pair-success` is checked with, base64. */
  readonly replaceSecret: (secret: string) => void;
  /** As this device registered. */
  readonly deviceType: proto.DeviceProps.PlatformType;
  readonly times: PasskeyTimes;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
  /** Ends with the socket. */
  readonly signal: AbortSignal;
}

/** What a ceremony tells. Nothing is told once the socket is gone. */
export interface CeremonyListener {
  readonly stage: (stage: PasskeyStage) => void;
  /** `code`: with which the server refused. The socket is of no use any more. */
  readonly failed: (failure: PasskeyFailure, code: number | undefined) => void;
}

/** Linking with the user's passkey, on one socket. At most one ceremony at a time. */
export interface PasskeyCeremony {
  readonly isOn: () => boolean;
  readonly view: () => PasskeyView;
  /** Takes `passkey_prologue_request`; answers the code it is to be acknowledged with. */
  readonly requested: (notice: BinaryNode) => number | undefined;
  /** Takes `crsc_continuation`, likewise. */
  readonly continued: (notice: BinaryNode) => number | undefined;
  /**
   * Gives the browser's credential; returns once it is checked, and goes on by itself. Throws `conflict` when none is
   * asked for, `passkey_expired`, and `invalid_request` for one that WhatsApp would refuse, before anything is sent.
   */
  readonly answer: (credential: unknown) => void;
  /** The person compared the codes. Throws `conflict` when that is not asked. */
  readonly compared: (match: boolean) => void;
  /** The phone accepted. */
  readonly linked: () => void;
}

/** WhatsApp protocol: the acknowledgement of a notification that cannot be read. */
const unreadable = 487;
const idBytes = 12;

interface Ceremony {
  readonly id: string;
  stage: PasskeyStage;
  options: PasskeyOptions | undefined;
  expiresAt: number;
  /** Of the secret the phone knows; undefined once it was used. */
  handoffKey: Buffer | undefined;
  readonly handoffUntilMs: number;
  readonly handoffUntil: number;
  readonly newSecret: Buffer;
  keys: CompanionKeys | undefined;
  /** Resolves once the assertion was answered. */
  prologue: Promise<WireAnswer> | undefined;
  phone: PhoneKeys | undefined;
  code: string | undefined;
  isProven: boolean;
  turn: AbortController;
}

/**
 * The ceremony with which some accounts link a device: WhatsApp asks for the user's passkey in place of accepting the
 * scan, the phone then sends its part, both sides show the same code unless a proof spares that, and the phone vouches
 * for a secret that is new. Keys, options and reference are single use: after any failure only a new QR code helps.
 */
export function createPasskeyCeremony(deps: CeremonyDeps, listener: CeremonyListener): PasskeyCeremony {
  const { ask, creds, times, clock, log } = deps;
  let current: Ceremony | undefined;

  function enter(ceremony: Ceremony, stage: PasskeyStage, endMs: number = times.stageMs): void {
    ceremony.stage = stage;
    ceremony.expiresAt = clock.now() + endMs;
    ceremony.turn.abort();
    const turn = new AbortController();
    ceremony.turn = turn;
    const over = AbortSignal.any([turn.signal, deps.signal]);
    void deps.sleep(endMs, over).then(() => {
      if (!over.aborted && current === ceremony) fail(ceremony, endOf[ceremony.stage]);
    });
    log.info({ stage }, "linking with a passkey");
    listener.stage(stage);
  }

  function fail(ceremony: Ceremony, failure: PasskeyFailure, code?: number): void {
    if (current !== ceremony) return;
    current = undefined;
    ceremony.turn.abort();
    if (deps.signal.aborted) return;
    log.warn({ failure, stage: ceremony.stage, statusCode: code }, "linking with a passkey failed");
    listener.failed(failure, code);
  }

  /** Whether to go on; what did not work out is told. */
  function isGood(ceremony: Ceremony, answer: WireAnswer): answer is Extract<WireAnswer, { kind: "answer" }> {
    if (current !== ceremony) return false;
    if (answer.kind === "refused") fail(ceremony, "refused", answer.code);
    if (answer.kind === "silence") fail(ceremony, "silent");
    return answer.kind === "answer";
  }

  function begin(): Ceremony {
    const handoffUntil = clock.now() + times.handoffMs;
    const secret = Buffer.from(creds.advSecretKey, "base64");
    return {
      id: randomBytes(idBytes).toString("base64url"),
      stage: "required",
      options: undefined,
      expiresAt: 0,
      handoffKey: secret.length === keyBytes ? handoffKeyOf(secret) : undefined,
      handoffUntilMs: clock.monotonicMs() + times.handoffMs,
      handoffUntil,
      newSecret: randomBytes(keyBytes),
      keys: undefined,
      prologue: undefined,
      phone: undefined,
      code: undefined,
      isProven: false,
      turn: new AbortController(),
    };
  }

  async function fetchOptions(ceremony: Ceremony): Promise<void> {
    const answer = await ask("get", { tag: "passkey_request_options" });
    if (!isGood(ceremony, answer) || ceremony.options !== undefined) return;
    const options = requestOptionsOf(contentOf(answer.node, "passkey_request_options"));
    if (options === undefined) return fail(ceremony, "refused");
    take(ceremony, options);
  }

  function take(ceremony: Ceremony, options: PasskeyOptions): void {
    const { timeout } = options;
    const isShorter = typeof timeout === "number" && timeout > 0 && timeout < times.challengeMs;
    ceremony.options = options;
    enter(ceremony, "required", isShorter ? timeout : times.challengeMs);
  }

  async function present(ceremony: Ceremony, credential: CheckedCredential): Promise<void> {
    const asked = await ask("get", { tag: "ref" });
    if (!isGood(ceremony, asked)) return;
    const ref = contentOf(asked.node, "ref");
    if (ref === undefined || ref.length === 0) return fail(ceremony, "refused");
    const keys = newCompanionKeys(deps.deviceType, Buffer.from(ref).toString("utf8"));
    const payload = prologuePayload(keys);
    const { handoffKey } = ceremony;
    ceremony.keys = keys;
    ceremony.isProven = handoffKey !== undefined && clock.monotonicMs() < ceremony.handoffUntilMs;
    const proof = handoffKey !== undefined && ceremony.isProven ? handoffProof(handoffKey, payload) : undefined;
    ceremony.prologue = ask("set", {
      tag: "passkey_prologue",
      content: [
        part("credential_id", credential.id),
        part("webauthn_assertion", credential.assertion),
        part("prologue_payload", payload),
        ...(proof === undefined ? [] : [part("pairing_handoff_proof", proof)]),
      ],
    });
    if (!isGood(ceremony, await ceremony.prologue)) return;
    ceremony.handoffKey = undefined;
    // From here the phone has its time; it may have gone on already.
    if (ceremony.stage === "waiting_phone") enter(ceremony, "waiting_phone");
  }

  async function goOn(ceremony: Ceremony, keys: CompanionKeys, phone: PhoneKeys): Promise<void> {
    // The phone may be quicker than the answer to the assertion.
    const prologue = await ceremony.prologue;
    if (prologue === undefined || !isGood(ceremony, prologue)) return;
    if (!isGood(ceremony, await ask("set", { tag: "companion_nonce", content: keys.nonce }))) return;
    ceremony.code = comparedCode(keys, phone);
    if (ceremony.isProven) await request(ceremony, keys, phone);
    else enter(ceremony, "confirm");
  }

  async function request(ceremony: Ceremony, keys: CompanionKeys, phone: PhoneKeys): Promise<void> {
    enter(ceremony, "linking");
    const { newSecret: advSecret } = ceremony;
    const content = sealPairingRequest(keys, phone, {
      request: { noisePublic: creds.noiseKey.public, identityPublic: creds.signedIdentityKey.public, advSecret },
    });
    const before = creds.advSecretKey;
    // Before it is asked for: `pair-success` may come ahead of the answer.
    deps.replaceSecret(advSecret.toString("base64"));
    const answer = await ask("set", { tag: "encrypted_pairing_request", content });
    if (current !== ceremony) return;
    if (answer.kind !== "answer") deps.replaceSecret(before);
    if (isGood(ceremony, answer)) enter(ceremony, "linking");
  }

  return {
    isOn: () => current !== undefined,
    view: () => (current === undefined ? { stage: "none" } : viewOf(current, deps.number())),
    requested: (notice) => {
      const child = childrenOf(notice).find(({ tag }) => tag === "passkey_request_options");
      const options = child === undefined ? undefined : requestOptionsOf(bytesOf(child));
      if (child !== undefined && options === undefined) return unreadable;
      // WhatsApp protocol: a repeated request renews the options and leaves secret and key of the handoff alone.
      if (current !== undefined && current.stage !== "required") return undefined;
      const isNew = current === undefined;
      const ceremony = (current ??= begin());
      if (options !== undefined) take(ceremony, options);
      else if (isNew) {
        enter(ceremony, "required");
        void fetchOptions(ceremony);
      }
      return undefined;
    },
    continued: (notice) => {
      const [child] = childrenOf(notice);
      if (child?.tag !== "primary_ephemeral_identity") return unreadable;
      const ceremony = current;
      const keys = ceremony?.keys;
      if (ceremony === undefined || keys === undefined || ceremony.phone !== undefined) return undefined;
      const phone = phoneKeysOf(bytesOf(child) ?? new Uint8Array());
      if (phone === undefined) {
        fail(ceremony, "refused");
        return unreadable;
      }
      ceremony.phone = phone;
      void goOn(ceremony, keys, phone);
      return undefined;
    },
    answer: (given) => {
      const ceremony = current;
      if (ceremony?.stage !== "required") {
        const message = ceremony === undefined ? "WhatsApp asks for no passkey now" : "the passkey was given already";
        throw new WazapiError("conflict", { message });
      }
      if (ceremony.options === undefined)
        throw new WazapiError("conflict", { message: "WhatsApp's options are not here yet" });
      if (clock.now() >= ceremony.expiresAt) throw new WazapiError("passkey_expired");
      const credential = checkCredential(given, ceremony.options);
      enter(ceremony, "waiting_phone", times.stageMs * 2);
      void present(ceremony, credential);
    },
    compared: (match) => {
      const ceremony = current;
      const { keys, phone } = ceremony ?? {};
      if (ceremony?.stage !== "confirm" || keys === undefined || phone === undefined) {
        throw new WazapiError("conflict", { message: "there is no code to compare now" });
      }
      if (match) void request(ceremony, keys, phone);
      else fail(ceremony, "refused");
    },
    linked: () => {
      current?.turn.abort();
      current = undefined;
    },
  };
}

/** What a stage that lasts too long means. */
const endOf = {
  required: "expired",
  waiting_phone: "silent",
  confirm: "expired",
  linking: "silent",
} as const satisfies Record<PasskeyStage, PasskeyFailure>;

function part(tag: string, content: Uint8Array): BinaryNode {
  return { tag, attrs: {}, content };
}

const lastDigitsShown = 4;
const half = 4;

function viewOf(
  { id, stage, options, code, expiresAt, handoffUntil }: Ceremony,
  digits: string | undefined,
): PasskeyView {
  return {
    stage,
    ceremony: id,
    expiresAt,
    ...(stage === "required" && { handoffUntil }),
    ...(stage === "required" && options !== undefined && { options }),
    ...(code !== undefined && { code: `${code.slice(0, half)}-${code.slice(half)}` }),
    ...(digits !== undefined && { lastDigits: digits.slice(-lastDigitsShown) }),
  };
}
