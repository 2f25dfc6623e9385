import { isWazapiError, WazapiError } from "#domain/errors.ts";
import { passkeyFailures, passkeyFailureTexts, passkeyStages } from "#domain/passkey.ts";
import type { PasskeyOptions, PasskeyStage } from "#domain/passkey.ts";
import { passkeySnippet } from "#http/passkey/snippet.ts";

import type { InstanceRef } from "./api.ts";
import type { Cli } from "./cli.ts";
import type { ConnectionView } from "./connection.ts";
import type { Server } from "./server.ts";

/** What `GET …/passkey` answers. */
interface PasskeyAnswer {
  readonly stage: PasskeyStage | "none";
  readonly options?: PasskeyOptions;
  readonly code?: string;
  readonly link?: string;
  readonly expiresAt?: number;
}

/** The step of linking that some accounts want, as `wazapi pair` shows it. Disposing ends the wait for an input. */
export interface PasskeyStep extends Disposable {
  /** Shows what is new. Throws `passkey_expired` or `conflict` with what helps when it came to nothing. */
  readonly look: (connection: ConnectionView) => Promise<void>;
  /** Whether WhatsApp has asked for a passkey: no QR code is of use any more. */
  readonly asked: AbortSignal;
}

/** Says nothing until WhatsApp asks for a passkey. `textOnly`: a script to be copied takes the place of the link. */
export function createPasskeyStep(
  cli: Cli,
  { server, instance }: { readonly server: Server; readonly instance: InstanceRef },
  { textOnly }: { readonly textOnly: boolean },
): PasskeyStep {
  const { out, io } = cli;
  const asked = new AbortController();
  let shown: PasskeyStage | undefined;
  let input = new AbortController();

  /** Asks for a line; what the person types is taken until the stage is over. */
  function ask(take: (line: string) => Promise<boolean>): void {
    input.abort();
    const mine = new AbortController();
    input = mine;
    const signal = AbortSignal.any([mine.signal, cli.signal]);
    void (async () => {
      for (;;) {
        const line = await io.readLine(signal);
        if (line === undefined) return;
        if (line.trim() === "") continue;
        if (await take(line.trim())) return;
      }
    })();
  }

  async function paste(line: string): Promise<boolean> {
    let body: unknown;
    try {
      body = JSON.parse(line);
    } catch {
      out.say("that is not the whole result; copy it again and paste it in one line");
      return false;
    }
    return await post("/passkey", body);
  }

  async function compare(line: string): Promise<boolean> {
    if (/^(y|yes|s|sim)$/i.test(line)) return await post("/passkey/confirm", { match: true });
    if (/^(n|no|não|nao)$/i.test(line)) return await post("/passkey/confirm", { match: false });
    out.say("answer yes or no");
    return false;
  }

  /** False when another try may help; the reason is said. */
  async function post(path: `/${string}`, body: unknown): Promise<boolean> {
    try {
      await server.api.instance(instance, { method: "POST", path, body });
      return true;
    } catch (error) {
      if (!isWazapiError(error)) throw error;
      out.say(error.message);
      return !isWazapiError(error, "invalid_request");
    }
  }

  async function show(stage: PasskeyStage): Promise<boolean> {
    const answer = await server.api.instance<PasskeyAnswer>(instance, { path: "/passkey" });
    if (answer.stage !== stage) return false;
    const { options, code, link } = answer;
    switch (stage) {
      case "required": {
        if (options === undefined) return false;
        const minutes = Math.max(1, Math.round(((answer.expiresAt ?? 0) - io.clock.now()) / 60_000));
        out.say(`WhatsApp asks for the passkey of this number: you have ${minutes} minutes to use it in your browser.`);
        if (textOnly || link === undefined) {
          out.say(
            "Open https://web.whatsapp.com, press F12, choose Console, paste this line and press Enter, then click the button:",
          );
          out.entry({ passkey: stage, script: passkeySnippet(options) }, passkeySnippet(options));
          out.say("Paste the result here:");
        } else {
          out.say("Open this page, once, in the browser that has the passkey:");
          out.entry({ passkey: stage, link }, link);
          out.say("or paste the result here:");
        }
        ask(paste);
        return true;
      }
      case "waiting_phone":
        input.abort();
        out.say("The passkey was given. Now look at the phone, and keep WhatsApp open there.");
        return true;
      case "confirm":
        out.say("Does the phone show the same code? Answer yes or no:");
        out.entry({ passkey: stage, code }, out.drawn ? out.paint("bold", code ?? "") : (code ?? ""));
        ask(compare);
        return true;
      case "linking":
        input.abort();
        out.say("The phone is linking this device…");
        if (code !== undefined) out.say(`If the phone shows a code, it must be ${code}.`);
        return true;
    }
  }

  return {
    asked: asked.signal,
    look: async ({ state, reason }) => {
      const failure = passkeyFailures.find((one) => reason === `passkey_${one}`);
      if (failure !== undefined && shown !== undefined) {
        const details = { hint: "run `wazapi pair` again" };
        throw new WazapiError(failure === "expired" ? "passkey_expired" : "conflict", {
          message: passkeyFailureTexts[failure],
          details,
        });
      }
      const stage = state === "pairing" ? passkeyStages.find((one) => reason === `passkey_${one}`) : undefined;
      if (stage === undefined || stage === shown) return;
      asked.abort();
      if (await show(stage)) shown = stage;
    },
    [Symbol.dispose]: () => input.abort(),
  };
}
