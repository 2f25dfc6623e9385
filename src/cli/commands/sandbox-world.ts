import type { Command } from "commander";
import { Argument, Option } from "commander";

import { WazapiError } from "#domain/errors.ts";
import type { Behaviour } from "#sandbox/control.ts";
import type { Fault, FaultMatch, FaultType } from "#sandbox/fault.ts";
import { faultShapes } from "#sandbox/faults.ts";
import { type StrictFact, strictFacts } from "#sandbox/strictness.ts";

import type { Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { attribute, whole } from "../options.ts";
import { harmless } from "../output.ts";
import { connectSandbox } from "../sandbox.ts";
import { clockTime } from "../times.ts";

/** `wazapi sandbox fault|behave|trace|state|reset`: the world as a whole. */
export const declareSandboxWorld: Declare = (command, run) => {
  declareFault(command, run);
  declareBehave(command, run);
  declareTrace(command, run);
  declareState(command, run);
  declareReset(command, run);
};

interface FaultOptions {
  readonly times?: number;
  readonly code?: number;
  readonly ms?: number;
  readonly attr?: readonly string[];
  readonly number?: string;
  readonly message?: string;
  readonly xmlns?: string;
  readonly clear?: true;
}

function declareFault(command: Command, run: Run): void {
  command
    .command("fault")
    .description("Break something; without a type, list what is broken.")
    .addArgument(new Argument("[type]", "what breaks").choices(Object.keys(faultShapes)))
    .option("--times <count>", "how often; once when not given", whole(1, 1_000_000))
    .option("--code <code>", "close code or error code", whole(100, 999))
    .option("--ms <milliseconds>", "how long", whole(0, 600_000))
    .option("--attr <name=value...>", "attributes of the answer to a refused login, such as code=101")
    .option("--number <number>", "only for this account, or this receiving contact")
    .option("--message <messageId>", "only for this message")
    .option("--xmlns <name>", "only for queries of this namespace")
    .option("--clear", "mend everything")
    .action(
      run<FaultOptions>(async (cli, { args: [type], options }) => {
        if (type !== undefined && options.clear === true) {
          throw new WazapiError("invalid_request", { message: "say either a fault or --clear" });
        }
        const sandbox = await connectSandbox(cli);
        if (options.clear === true) await sandbox.clearFaults(cli.signal);
        // Commander has checked the choice.
        if (type !== undefined) await sandbox.addFault(faultOf(type as FaultType, options), cli.signal);
        const { faults } = await sandbox.state(cli.signal);
        cli.out.document(faults, (page) =>
          page.table(
            ["FAULT", "TIMES", "CODE", "MS", "MATCH"],
            faults.map((one) => [
              one.type,
              one.times ?? 1,
              one.code,
              one.ms,
              Object.entries(one.match ?? {})
                .map(([name, value]) => `${name}=${value}`)
                .join(" "),
            ]),
          ),
        );
        if (faults.length === 0) cli.out.say("nothing is broken");
      }),
    );
}

function faultOf(type: FaultType, options: FaultOptions): Fault {
  const { times, code, ms, attr, number, message: messageId, xmlns } = options;
  const match: FaultMatch = {
    ...(number !== undefined && { number }),
    ...(messageId !== undefined && { messageId }),
    ...(xmlns !== undefined && { xmlns }),
  };
  return {
    type,
    ...(Object.keys(match).length > 0 && { match }),
    ...(times !== undefined && { times }),
    ...(code !== undefined && { code }),
    ...(ms !== undefined && { ms }),
    ...(attr !== undefined && { attrs: Object.fromEntries(attr.map(attribute)) }),
  };
}

interface BehaveOptions {
  readonly deliver?: string;
  readonly read?: string;
  readonly echo?: string;
  readonly receiptDelay?: number;
  readonly set?: readonly string[];
}

/** `fact=value`, with the value as its fact wants it; the sandbox checks the rest. */
function factValue(text: string): readonly [string, string | number | boolean] {
  const [name = "", value = ""] = text.split(/=(.*)/s);
  const fact = Object.entries<StrictFact>(strictFacts).find(([known]) => known === name)?.[1];
  if (fact === undefined) throw new WazapiError("invalid_request", { message: `there is no switch ${name}` });
  if ("default" in fact.values) {
    if (!/^\d+$/.test(value)) throw new WazapiError("invalid_request", { message: `${name} is a whole number` });
    return [name, Number(value)];
  }
  return [name, fact.values.find((known) => String(known) === value) ?? value];
}

function declareBehave(command: Command, run: Run): void {
  const onOff = (name: string, what: string): Option => new Option(`--${name} <on|off>`, what).choices(["on", "off"]);
  command
    .command("behave")
    .description("Change how contacts behave by themselves and how strict WhatsApp is; without options, show it.")
    .addOption(onOff("deliver", "their phones confirm delivery"))
    .addOption(onOff("read", "they read what they get"))
    .addOption(onOff("echo", "they answer each text with the same text"))
    .option("--receipt-delay <ms>", "wait before a receipt", whole(0, 600_000))
    .option("--set <fact=value...>", `how strict WhatsApp is: ${Object.keys(strictFacts).join(", ")}`)
    .action(
      run<BehaveOptions>(async (cli, { options }) => {
        const { deliver, read, echo, receiptDelay, set = [] } = options;
        const change: Partial<Behaviour> = {
          ...(deliver !== undefined && { autoDeliver: deliver === "on" }),
          ...(read !== undefined && { autoRead: read === "on" }),
          ...(echo !== undefined && { echoBot: echo === "on" }),
          ...(receiptDelay !== undefined && { receiptDelayMs: receiptDelay }),
          ...Object.fromEntries(set.map(factValue)),
        };
        const sandbox = await connectSandbox(cli);
        const behaviour =
          Object.keys(change).length === 0
            ? (await sandbox.state(cli.signal)).behaviour
            : await sandbox.behaviour(change, cli.signal);
        cli.out.document(behaviour, (page) => page.fields({ ...behaviour }));
      }),
    );
}

function declareTrace(command: Command, run: Run): void {
  command
    .command("trace")
    .description("Show the last stanzas, queries nobody knew, and messages that could not be decrypted.")
    .option("-n, --limit <count>", "at most so many stanzas", whole(1, 100_000), 50)
    .action(
      run<{ limit: number }>(async (cli, { options }) => {
        const sandbox = await connectSandbox(cli);
        const trace = await sandbox.trace(cli.signal);
        const stanzas = trace.stanzas.slice(-options.limit);
        cli.out.document({ ...trace, stanzas }, (page) => {
          for (const { at, direction, number, stanza } of stanzas) {
            page.text(`${clockTime(at)} ${direction === "in" ? "→" : "←"} ${number ?? "-"} ${harmless(stanza)}`);
          }
          for (const { at, stanza } of trace.unhandled) page.text(`${clockTime(at)} unhandled ${harmless(stanza)}`);
          for (const { at, number, from, messageId, error } of trace.decryptErrors) {
            page.text(`${clockTime(at)} not decrypted by ${number}: ${messageId} from ${from}: ${error}`);
          }
          for (const { at, kind, detail } of trace.refusals) page.text(`${clockTime(at)} refused ${kind}: ${detail}`);
        });
      }),
    );
}

function declareState(command: Command, run: Run): void {
  command
    .command("state")
    .description("Show who is linked, who waits to be, and who there is.")
    .action(
      run(async (cli) => {
        const sandbox = await connectSandbox(cli);
        const state = await sandbox.state(cli.signal);
        cli.out.document(state, (page) => {
          page.table(
            ["LINKED", "DEVICE", "ONLINE", "QUEUED"],
            state.devices.map(({ number, device, online, queued }) => [number, device, online ? "yes" : "no", queued]),
          );
          page.table(
            ["CONTACT", "NAME", "ON WHATSAPP", "DEVICES"],
            state.contacts.map(({ number, name, onWhatsApp, devices }) => [
              number,
              name,
              onWhatsApp ? "yes" : "no",
              devices,
            ]),
          );
          page.table(
            ["GROUP", "SUBJECT", "MEMBERS"],
            state.groups.map(({ id, subject, participants }) => [id, subject, participants.length]),
          );
          page.fields({ "waiting to be paired": state.waiting.length });
        });
      }),
    );
}

function declareReset(command: Command, run: Run): void {
  command
    .command("reset")
    .description("Forget everyone and everything in the sandbox.")
    .action(
      run(async (cli) => {
        const sandbox = await connectSandbox(cli);
        await sandbox.reset(cli.signal);
        cli.out.document({ reset: true }, () => {});
        cli.out.say("the sandbox is empty");
      }),
    );
}
