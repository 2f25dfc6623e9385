import { Command } from "commander";
import { expect, test } from "vitest";

import { commandTable } from "#cli/command-table.ts";
import { completeProgram, createProgram } from "#cli/program.ts";

import { run } from "./support.ts";

/** Commands that scripts rely on. One that disappears or is renamed breaks somebody. */
const promised = [
  "serve",
  "demo",
  "init",
  "pair",
  "send",
  "status",
  "instance list",
  "instance create",
  "instance show",
  "instance delete",
  "instance restart",
  "instance disconnect",
  "webhook show",
  "webhook set",
  "webhook add",
  "webhook remove",
  "webhook test",
  "queue list",
  "queue cancel",
  "queue purge",
  "queue retry",
  "events list",
  "events show",
  "events replay",
  "events tail",
  "dead list",
  "dead retry",
  "dead discard",
  "message trace",
  "config check",
  "config print",
  "openapi",
  "routes",
  "completion",
  "version",
  "sandbox serve",
  "sandbox scan",
  "sandbox contact",
  "sandbox send",
  "sandbox inbox",
  "sandbox fault",
  "sandbox refuse",
  "sandbox trace",
];

/** Options that scripts rely on. */
const promisedOptions = [
  ["serve", "--sandbox", "--data", "--host", "--port", "--config"],
  ["demo", "--keep"],
  ["pair", "--instance", "--code"],
  ["send", "--reply-to", "--wait", "--delay", "--instance", "--image", "--document", "--caption"],
  ["openapi", "--check"],
  ["config print", "--docs"],
  ["sandbox serve", "--port", "--state"],
  ["instance show", "--tokens"],
  ["status", "--json", "--url", "--data"],
] as const;

test.each(promised)("wazapi %s: exists and has help", async (name) => {
  const { code, stdout, stderr } = await run([...name.split(" "), "--help"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(`Usage: wazapi ${name}`);
  expect(stdout).toContain("--json");
  // A sentence of its own stands between usage and options.
  expect(stdout.split("\n").slice(2, 4).join(" ").trim()).toMatch(/^[A-Z].*\./);
});

test.each(promisedOptions)("wazapi %s: takes its options", async (name, ...options) => {
  const { stdout } = await run([...name.split(" "), "--help"]);
  for (const option of options) expect(stdout).toContain(option);
});

test("help: the table and the program agree, and every command and option is described", async () => {
  const program = createProgram(silentIo(), () => async () => {});
  await completeProgram(program, () => async () => {});
  expect(program.commands.map((one) => one.name())).toEqual(commandTable.map(({ name }) => name));
  const undescribed: string[] = [];
  const visit = (command: Command, path: string): void => {
    if (command.description() === "") undescribed.push(path);
    for (const option of command.options) if (option.description === "") undescribed.push(`${path} ${option.flags}`);
    for (const one of command.commands) visit(one, `${path} ${one.name()}`);
  };
  visit(program, "wazapi");
  expect(undescribed).toEqual([]);
});

test("help: without arguments it is a usage failure that shows the commands", async () => {
  const { code, stdout, stderr } = await run([]);
  expect([code, stdout]).toEqual([2, ""]);
  for (const { name } of commandTable) expect(stderr).toContain(`  ${name}`);
});

test("help: `help queue` is `queue --help`", async () => {
  const [one, other] = await Promise.all([run(["help", "queue", "list"]), run(["queue", "list", "--help"])]);
  expect(one).toEqual(other);
});

const usage: readonly { readonly argv: readonly string[]; readonly says: string }[] = [
  { argv: ["nonsense"], says: "unknown command 'nonsense'" },
  { argv: ["stauts"], says: "Did you mean status?" },
  { argv: ["status", "--nonsense"], says: "unknown option '--nonsense'" },
  { argv: ["status", "extra"], says: "too many arguments" },
  { argv: ["send"], says: "missing required argument 'phone'" },
  { argv: ["send", "5511999999999", "hi", "--wait", "forever"], says: "Allowed choices are sent, delivered, read" },
  { argv: ["send", "5511999999999", "hi", "--delay", "soon"], says: "It has to be a number of seconds" },
  { argv: ["send", "5511999999999"], says: "there is no text to send" },
  { argv: ["queue"], says: "Usage: wazapi queue" },
  { argv: ["queue", "list", "-n", "0"], says: "It has to be a whole number from 1" },
  { argv: ["serve", "--port", "70000"], says: "It has to be a whole number from 0 to 65535" },
  { argv: ["pair", "--code", "home"], says: "no phone number" },
  { argv: ["completion", "tcsh"], says: "Allowed choices are bash, zsh, fish" },
  { argv: ["webhook", "set", "http://127.0.0.1/", "--slot", "nope"], says: "There are delivery" },
  { argv: ["webhook", "add", "http://127.0.0.1/", "--slot", "nope"], says: "There are delivery" },
  { argv: ["webhook", "add"], says: "missing required argument 'url'" },
  { argv: ["webhook", "remove"], says: "missing required argument 'url'" },
  { argv: ["webhook", "set"], says: "say either a URL or --none" },
  { argv: ["dead", "retry"], says: "say either which events, or --all" },
  { argv: ["status", "--url", "ftp://somewhere"], says: "is no URL that begins with http" },
  { argv: ["status", "--config", "/nowhere/wacli.config.ts"], says: "there is no settings file" },
];

test.each(usage)("usage: $argv", async ({ argv, says }) => {
  const { code, stdout, stderr } = await run(argv);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(says);
  expect(stderr).not.toContain("    at ");
});

test("usage: a mistyped setting is named, once", async () => {
  const { code, stderr } = await run(["status"], { env: { WAZAPI_DATADIR: "/tmp/x" } });
  expect(code).toBe(2);
  expect(stderr.match(/WAZAPI_DATADIR/g)).toHaveLength(1);
});

function silentIo(): Parameters<typeof createProgram>[0] {
  // Nothing is parsed, so nothing is written.
  return {} as Parameters<typeof createProgram>[0];
}
