import { randomBytes } from "node:crypto";
import {
  bytesToCrockford,
  getBinaryNodeChild,
  getCompanionPlatformId,
  jidEncode,
  S_WHATSAPP_NET,
  type BinaryNode,
  type WABrowserDescription,
  type WASocket,
} from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { replaceAdvSecret } from "./adv-secret.ts";
import { codeDisplayName } from "./device-name.ts";
import type { EarlyNoticeHandler } from "./early-notices.ts";
import { answerPhone, isPhoneHello, wrapEphemeral, type PhoneHello } from "./link-code.ts";

/** How a pairing code came to nothing. Stable: they are reasons of a session. */
export type CodeEnd =
  /** WhatsApp takes it no more. */
  | "code_expired"
  /** Another one was typed; the right one may follow. */
  | "code_wrong"
  /** Something was typed, and the phone never confirmed it: most likely it was not this one. */
  | "code_unconfirmed";

/** The pairing codes of one socket. */
export interface PairingCodes {
  /** Asks WhatsApp for a code for the phone with this number (digits). Throws `pairing_refused`, `rate_limited`, `timeout`, `unavailable`. */
  readonly ask: (input: { readonly phone: string; readonly customCode?: string }) => Promise<string>;
  /** Takes `link_code_companion_reg`. */
  readonly take: EarlyNoticeHandler;
}

/** What codes work with. */
export interface PairingCodeDeps {
  readonly sock: Pick<WASocket, "query" | "authState" | "ev">;
  readonly browser: WABrowserDescription;
  /** Whether a ceremony is on that the present secret belongs to. */
  readonly ceremony?: () => boolean;
  readonly log: Log;
  /** Ends with the socket. */
  readonly signal: AbortSignal;
}

interface Asked {
  readonly code: string;
  readonly jid: string;
  /** What the server calls this request; undefined when it did not say. */
  readonly ref: Buffer | undefined;
}

const answerMs = 20_000;
/** A phone confirms within moments; the person has typed already. */
const confirmMs = 45_000;

/**
 * Linking by code, in place of Baileys' own: that one hands out a code that the server may have refused, and takes every
 * later word about codes for the phone's hello. A later request replaces the one before.
 */
export function createPairingCodes(
  deps: PairingCodeDeps,
  listener: {
    /** The secret was replaced: what is shown with the old one is dead. */
    readonly secretChanged: () => void;
    readonly ended: (end: CodeEnd) => void;
  },
): PairingCodes {
  const { sock, log } = deps;
  const { creds } = sock.authState;
  let asked: Asked | undefined;
  let line: Promise<unknown> = Promise.resolve();

  async function request(input: { readonly phone: string; readonly customCode?: string }): Promise<string> {
    const code = input.customCode ?? bytesToCrockford(randomBytes(5));
    const jid = jidEncode(input.phone, "s.whatsapp.net");
    const hello = { jid, stage: "companion_hello", should_show_push_notification: "true" };
    const answer = await register(hello, {
      link_code_pairing_wrapped_companion_ephemeral_pub: await wrapEphemeral(creds, code),
      companion_server_auth_key_pub: creds.noiseKey.public,
      companion_platform_id: getCompanionPlatformId(deps.browser),
      companion_platform_display: codeDisplayName(deps.browser),
      link_code_pairing_nonce: "0",
    }).catch((error: unknown) => {
      throw refusalOf(error);
    });
    if (answer === undefined) throw new WazapiError("timeout", { message: "WhatsApp did not answer; ask again" });
    asked = { code, jid, ref: bytesIn(getBinaryNodeChild(answer, "link_code_companion_reg"), "link_code_pairing_ref") };
    return code;
  }

  /** Throws what the server answers; resolves undefined when it answers nothing. */
  async function register(
    attrs: Readonly<Record<string, string>>,
    parts: Readonly<Record<string, Uint8Array | string>>,
  ): Promise<BinaryNode | undefined> {
    const content = Object.entries(parts).map(([tag, part]) => ({ tag, attrs: {}, content: part }));
    const child = { tag: "link_code_companion_reg", attrs, content };
    const iq = { tag: "iq", attrs: { to: S_WHATSAPP_NET, type: "set", xmlns: "md" }, content: [child] };
    return sock.query(iq, answerMs);
  }

  async function answerHello(mine: Asked, hello: PhoneHello, ref: Uint8Array): Promise<void> {
    try {
      const { bundle, advSecret } = await answerPhone(creds, mine.code, hello);
      if (asked !== mine) return;
      // The phone's word may overtake the answer.
      replaceAdvSecret(sock, advSecret);
      listener.secretChanged();
      const answer = await register(
        { jid: mine.jid, stage: "companion_finish" },
        {
          link_code_pairing_wrapped_key_bundle: bundle,
          companion_identity_public: creds.signedIdentityKey.public,
          link_code_pairing_ref: ref,
        },
      );
      if (answer === undefined) return end("code_unconfirmed");
      creds.registered = true;
      sock.ev.emit("creds.update", creds);
    } catch (error) {
      if (deps.signal.aborted) return;
      log.info({ error }, "WhatsApp did not take the pairing code that was typed");
      return end("code_wrong");
    }
    await sleep(confirmMs, deps.signal);
    if (deps.signal.aborted || asked !== mine) return;
    // Nobody waits for the present secret any more, unless a ceremony goes on from here: it may be retired again.
    if (deps.ceremony?.() !== true) {
      creds.registered = false;
      sock.ev.emit("creds.update", creds);
    }
    end("code_unconfirmed");
  }

  function end(how: CodeEnd): void {
    if (how === "code_expired") asked = undefined;
    if (!deps.signal.aborted) listener.ended(how);
  }

  function take(notice: BinaryNode): undefined {
    const said = getBinaryNodeChild(notice, "link_code_companion_reg");
    const stage = said?.attrs["stage"];
    const ref = bytesIn(said, "link_code_pairing_ref");
    const isOurs = asked?.ref === undefined || ref === undefined || asked.ref.equals(ref);
    if (asked === undefined || !isOurs) {
      log.info({ stage }, "WhatsApp speaks of a pairing code that nobody waits for");
      return;
    }
    if (stage === "refresh_code") {
      const isManual = said?.attrs["force_manual_refresh"] === "true";
      log.info({ isManual }, "WhatsApp takes the pairing code no more");
      end("code_expired");
      return;
    }
    const wrappedEphemeral = bytesIn(said, "link_code_pairing_wrapped_primary_ephemeral_pub");
    const identity = bytesIn(said, "primary_identity_pub");
    if (ref === undefined || wrappedEphemeral === undefined || identity === undefined) {
      // WhatsApp protocol: so it comes for accounts that are asked for a passkey; its own notification comes beside it.
      log.info({ stage }, "the phone took the pairing code and shows no keys");
      return;
    }
    const hello = { wrappedEphemeral, identity };
    if (isPhoneHello(hello)) void answerHello(asked, hello, ref);
    else log.warn({ stage }, "the phone's answer to the pairing code cannot be read");
  }

  return {
    take,
    ask: (input) => {
      const done = line.then(() => request(input));
      line = done.catch(() => {});
      return done;
    },
  };
}

/** The content of a child; a server may write bytes or text. */
function bytesIn(node: BinaryNode | undefined, tag: string): Buffer | undefined {
  const content = getBinaryNodeChild(node, tag)?.content;
  if (typeof content === "string") return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : undefined;
}

const otherWay = "scan the QR code instead";

/** What a caller is told when the server answers an error, or the connection ends. */
function refusalOf(cause: unknown): WazapiError {
  const { data, message }: { data?: unknown; message?: unknown } = Object(cause);
  if (typeof data !== "number") {
    return new WazapiError("unavailable", { message: "the connection was lost; ask again", cause });
  }
  const said = `${data} ${String(message)}`;
  if (data === 429) {
    return new WazapiError("rate_limited", {
      message: `WhatsApp gives no more pairing codes for now (${said})`,
      details: { retryAfterSeconds: 600, hint: `wait some minutes, or ${otherWay}` },
      cause,
    });
  }
  return new WazapiError("pairing_refused", {
    message: `WhatsApp refuses to give a pairing code (${said})`,
    details: { status: data, hint: `see that the number is the phone's own, with its country code, or ${otherWay}` },
    cause,
  });
}
