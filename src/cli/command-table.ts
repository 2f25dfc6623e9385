import type { Command } from "commander";

import type { Run } from "./cli.ts";

/** Adds arguments, options, subcommands and actions to a command that has its name and summary already. */
export type Declare = (command: Command, run: Run) => void;

/** One command of the first level. Its file is loaded when it is called, so that the others cost nothing. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Heading in the help. */
  readonly group: string;
  readonly load: () => Promise<Declare>;
}

const run = "Run:";
const use = "Use:";
const look = "Watch and repair:";
const develop = "Develop:";

/** Every command, in the order of the help. Paths are literal so that a bundler follows them. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: "serve",
    summary: "run the server",
    group: run,
    load: async () => (await import("./commands/serve.ts")).declareServe,
  },
  {
    name: "demo",
    summary: "show the whole round against a simulated WhatsApp, offline",
    group: run,
    load: async () => (await import("./commands/demo.ts")).declareDemo,
  },
  {
    name: "init",
    summary: "write wacli.config.ts and the tokens; what is there stays",
    group: run,
    load: async () => (await import("./commands/init.ts")).declareInit,
  },
  {
    name: "config",
    summary: "check or print the settings",
    group: run,
    load: async () => (await import("./commands/config.ts")).declareConfig,
  },
  {
    name: "pair",
    summary: "link a phone by QR code or pairing code",
    group: use,
    load: async () => (await import("./commands/pair.ts")).declarePair,
  },
  {
    name: "send",
    summary: "send a message",
    group: use,
    load: async () => (await import("./commands/send.ts")).declareSend,
  },
  {
    name: "instance",
    summary: "list, create, show, delete, restart or disconnect instances",
    group: use,
    load: async () => (await import("./commands/instance.ts")).declareInstance,
  },
  {
    name: "webhook",
    summary: "show, set, add, remove or test webhook URLs",
    group: use,
    load: async () => (await import("./commands/webhook.ts")).declareWebhook,
  },
  {
    name: "status",
    summary: "how the server and its instances are",
    group: look,
    load: async () => (await import("./commands/status.ts")).declareStatus,
  },
  {
    name: "doctor",
    summary: "look at everything a server needs and say what helps",
    group: look,
    load: async () => (await import("./commands/doctor.ts")).declareDoctor,
  },
  {
    name: "queue",
    summary: "list, cancel, purge or retry messages to be sent",
    group: look,
    load: async () => (await import("./commands/queue.ts")).declareQueue,
  },
  {
    name: "events",
    summary: "list, show, follow or replay events",
    group: look,
    load: async () => (await import("./commands/events.ts")).declareEvents,
  },
  {
    name: "listen",
    summary: "show events as they happen, and forward them to a local URL",
    group: look,
    load: async () => (await import("./commands/listen.ts")).declareListen,
  },
  {
    name: "dead",
    summary: "list, retry or discard dead letters",
    group: look,
    load: async () => (await import("./commands/dead.ts")).declareDead,
  },
  {
    name: "message",
    summary: "trace the way of one message",
    group: look,
    load: async () => (await import("./commands/message.ts")).declareMessage,
  },
  {
    name: "sandbox",
    summary: "run and direct a simulated WhatsApp",
    group: develop,
    load: async () => (await import("./commands/sandbox.ts")).declareSandbox,
  },
  {
    name: "trigger",
    summary: "make the simulated WhatsApp do something that leads to a webhook",
    group: develop,
    load: async () => (await import("./commands/trigger.ts")).declareTrigger,
  },
  {
    name: "routes",
    summary: "list the HTTP routes",
    group: develop,
    load: async () => (await import("./commands/routes.ts")).declareRoutes,
  },
  {
    name: "openapi",
    summary: "write or check openapi.json",
    group: develop,
    load: async () => (await import("./commands/openapi.ts")).declareOpenapi,
  },
  {
    name: "completion",
    summary: "print the completion script of a shell",
    group: develop,
    load: async () => (await import("./commands/completion.ts")).declareCompletion,
  },
  {
    name: "version",
    summary: "print the version",
    group: develop,
    load: async () => (await import("./commands/version.ts")).declareVersion,
  },
];
