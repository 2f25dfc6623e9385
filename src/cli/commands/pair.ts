import { Option } from "commander";

import { isWazapiError, WazapiError } from "#domain/errors.ts";
import { isPaired } from "#domain/instance.ts";
import { passkeyText } from "#domain/passkey.ts";
import { phoneDigitsOf } from "#domain/phone.ts";
import { sleep } from "#lib/sleep.ts";

import type { InstanceRef } from "../api.ts";
import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { connectionOf } from "../connection.ts";
import type { ConnectionView } from "../connection.ts";
import { instanceOption, seconds } from "../options.ts";
import { showCodesUntilLinked } from "../pair-code.ts";
import { untilConnected } from "../until-connected.ts";
import type { PairTarget } from "../until-connected.ts";
import { createPasskeyStep } from "../pair-passkey.ts";
import { createQrScreen } from "../qr-screen.ts";
import type { QrScreen } from "../qr-screen.ts";
import { connectOrOpenServer } from "../server.ts";
import type { Server } from "../server.ts";

interface PairOptions {
  readonly instance?: string;
  readonly code?: string;
  readonly timeout: number;
  readonly passkey?: true;
}

/** How often a new QR is asked for; one lives 20 s at least. */
const lookMs = 2_000;

/** `wazapi pair`. */
export const declarePair: Declare = (command, run) => {
  command
    .description(
      "Link a phone: scan the QR code under WhatsApp > Linked devices, or type the code that --code asks for.",
    )
    .addOption(instanceOption())
    .addOption(
      new Option("--code <phone>", "ask for a code to be typed on the phone with this number, instead of a QR"),
    )
    .option("--passkey", "when WhatsApp asks for a passkey, print a script to copy in place of a link")
    .addOption(new Option("--timeout <seconds>", "give up after that long").argParser(seconds(86_400)).default(300))
    .addHelpText(
      "after",
      "\nWithout any instance one called `main` is created. Against a sandbox, `wazapi sandbox scan` plays the phone.",
    )
    .action(run<PairOptions>(pair));
};

async function pair(cli: Cli, { options }: { readonly options: PairOptions }): Promise<void> {
  const phone = options.code === undefined ? undefined : phoneDigitsOf(options.code);
  if (options.code !== undefined && phone === undefined) throw new WazapiError("invalid_phone");
  await using server = await connectOrOpenServer(cli, { begin: true });
  const instance = await instanceToPair(cli, server, options.instance);
  const limit = AbortSignal.any([cli.signal, AbortSignal.timeout(options.timeout * 1000)]);
  const before = await connectionOf(server.api, instance);
  if (before.state === "connected") cli.out.say(`${instance.name} is linked already`);
  else if (isPaired(before)) {
    cli.out.say(`${instance.name} is linked already; waiting for its connection`);
    await server.api.instance(instance, { path: "/restore-session" });
  }
  using passkey = createPasskeyStep(cli, { server, instance }, { textOnly: options.passkey === true });
  const target = { server, instance, look: passkey.look };
  // Where the passkey is asked for already neither a QR nor a code is of use.
  const isAsked = before.state === "pairing" && passkeyText(before.reason) !== undefined;
  const connected =
    isPaired(before) || isAsked
      ? await untilConnected(cli, target, limit)
      : phone === undefined
        ? await showQrUntilLinked(cli, { ...target, asked: passkey.asked }, limit)
        : await showCodesUntilLinked(cli, { ...target, phone }, limit);
  const { phone: number, pushName } = connected;
  cli.out.entry(
    { instanceId: instance.id, state: "connected", phone: number, ...(pushName !== undefined && { pushName }) },
    `connected as ${number}`,
  );
  cli.out.say(
    server.here ? "start the server with `wazapi serve`" : `try it with \`wazapi send PHONE "Hello from wazapi"\``,
  );
}

async function instanceToPair(cli: Cli, server: Server, named: string | undefined): Promise<InstanceRef> {
  if ((await server.instances()).length > 0) return server.instance(named);
  const created = await server.createInstance(named ?? "main");
  cli.out.say(`created the instance ${created.name}`);
  return created;
}

async function showQrUntilLinked(
  cli: Cli,
  target: PairTarget & { readonly asked: AbortSignal },
  limit: AbortSignal,
): Promise<ConnectionView> {
  const screen = await createQrScreen(cli);
  const linked = new AbortController();
  cli.out.say("on the phone: WhatsApp > Linked devices > Link a device; then scan");
  // The request for a QR waits for the next one, also while the phone is being linked: the state is watched beside it.
  const { asked } = target;
  asked.addEventListener("abort", () => screen.clear(), { once: true });
  const showing = showQrs(screen, target, AbortSignal.any([limit, linked.signal, asked]));
  const connected = untilConnected(cli, target, limit);
  try {
    // Showing ends by itself once WhatsApp asks for a passkey; what it throws ends the command.
    await Promise.race([connected, showing]);
    return await connected;
  } finally {
    linked.abort();
    await showing.catch(() => {}); // It has been thrown already.
    screen.clear();
  }
}

/** Shows the QR to be scanned now, one after the other, until the signal aborts. */
async function showQrs(screen: QrScreen, { server, instance }: PairTarget, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { value } = await server.api.instance<{ readonly value: string }>(instance, { path: "/qr-code", signal });
      screen.show(value);
    } catch (error) {
      // None now: the phone is just being linked, or the socket is renewed.
      if (!isWazapiError(error, "already_paired", "timeout", ...duringPasskey)) throw error;
      screen.clear();
    }
    await sleep(lookMs, signal);
  }
}

/** No QR code then; the state is watched beside it and says what to do. */
const duringPasskey = ["passkey_required", "passkey_waiting_phone", "passkey_confirm", "passkey_linking"] as const;
