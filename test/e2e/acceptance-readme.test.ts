import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expect, test } from "vitest";
import { completeProgram, createProgram } from "#cli/program.ts";
import { errorTable } from "#domain/errors.ts";
import { optionTable } from "#config/describe.ts";
import { operationTable } from "#http/routes/table.ts";
import { signWebhook } from "#callbacks/sign.ts";
import { freePort, projectRoot, startNode, until } from "../support/processes.ts";

/** What the README tells people to type exists, and its tables are the program's. */
const readme = await readFile(join(projectRoot, "README.md"), "utf8");
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text: text ?? "" }));

test("README: the table of the settings is up to date (wazapi config print --docs)", () => {
  const [, table] = /<!-- settings:.*?-->\n(.*?)<!-- \/settings -->/s.exec(readme) ?? [];
  expect(table?.trim()).toBe(optionTable().trim());
});

test("README: its commands and their options exist", async () => {
  const quiet = { write: () => {} };
  // Only looked at: nothing runs.
  const program = createProgram({ stdout: quiet, stderr: quiet } as never, () => async () => {});
  await completeProgram(program, () => async () => {});
  const typed = [
    ...blocks.map(({ text }) => text),
    ...[...readme.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text ?? ""),
  ];
  const lines = typed
    .flatMap((text) => text.split("\n"))
    .flatMap((line) => {
      const [, rest] =
        /^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:[^|"]*\| )?(?:npx |dist\/)?wazapi (?!listens|is a)([a-z-][^#]*)/.exec(
          line.trim(),
        ) ?? [];
      return rest === undefined ? [] : [rest.replaceAll(/"[^"]*"/g, "TEXT").trim()];
    });
  expect(lines.length).toBeGreaterThan(40);
  expect(lines.filter((line) => !exists(program, line.split(/\s+/)))).toEqual([]);
});

test("README: its addresses exist", () => {
  const known = operationTable().map(({ path }) => path.replace("/instances/{instanceId}/token/{instanceToken}", "$I"));
  const called = blocks.flatMap(({ text }) =>
    [...text.matchAll(/(\$I|\$API)(\/[^\s"?…]+)/g)].map(([, base, path]) => (base === "$I" ? `$I${path}` : path)),
  );
  expect(called.length).toBeGreaterThan(8);
  // A parameter is any one part of a path.
  const fits = (path: string): boolean =>
    known.some((one) => {
      const [wanted, given] = [one.split("/"), path.split("/")];
      return wanted.length === given.length && wanted.every((part, at) => /^\{.+\}$/.test(part) || part === given[at]);
    });
  const missing = called.filter((path = "") => !fits(path) && !/^\/(?:sandbox\/|instances\/A452)/.test(path));
  expect(missing).toEqual([]);
});

test("README: it names every status that an error can have", () => {
  const [, named = ""] = /^Errors are `[^`]+` with ([\d,\sor]+)\./m.exec(readme) ?? [];
  // Those of one send are no answers: they come in DeliveryCallback.
  const answers = Object.entries(errorTable).filter(([code]) => !code.startsWith("send_"));
  expect((named.match(/\d+/g) ?? []).map(Number)).toEqual(
    [...new Set(answers.map(([, { status }]) => status))].toSorted((one, other) => one - other),
  );
});

test("README: its receiver takes what wazapi signed, and nothing else", async () => {
  await using parts = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "wazapi-readme-"));
  parts.defer(() => rm(dir, { recursive: true }));
  const port = await freePort();
  const file = join(dir, "receiver.mjs");
  const text = blocks.find(({ kind }) => kind === "js")?.text ?? "";
  expect(text).toContain("9000");
  await writeFile(file, text.replace("9000", String(port)));
  const secrets = ["old", "new"].map(
    (name) => `whsec_${Buffer.from(`a secret called ${name}, for tests`).toString("base64")}`,
  );
  const [, newest = ""] = secrets;
  const receiver = parts.use(startNode([file], { WEBHOOK_SECRET: newest }));
  const post = async (body: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body, headers })).status;
  await until(
    () =>
      post("", {}).then(
        () => true,
        () => false,
      ),
    { what: "the receiver listens", withinMs: 20_000 },
  );

  const signed = (atMs: number, by: readonly string[]): Record<string, string> => ({
    ...signWebhook({ id: "evt_1", body: '{"olá":1}', atMs }, by),
    "x-wazapi-sequence": "7",
  });
  const now = Date.now();
  expect(await post('{"olá":1}', signed(now, secrets))).toBe(204);
  expect(await post('{"olá":2}', signed(now, secrets))).toBe(401);
  expect(await post('{"olá":1}', signed(now, secrets.slice(0, 1)))).toBe(401);
  expect(await post('{"olá":1}', signed(now - 3_600_000, secrets))).toBe(401);
  expect(await post('{"olá":1}', {})).toBe(401);
  expect(receiver.output()).toContain('#7 {"olá":1}');
});

/** Whether these words are a command with options it has. */
function exists(program: Command, words: readonly string[]): boolean {
  let command = program;
  let at = 0;
  for (; at < words.length; at += 1) {
    const next = command.commands.find((one) => one.name() === words[at]);
    if (next === undefined) break;
    command = next;
  }
  if (command === program || command.commands.length > 0)
    return words.slice(at).every((word) => word === "…" || word === "--help");
  const known = [...command.options, ...program.options].map(({ long }) => long);
  return words
    .slice(at)
    .every((word) => !word.startsWith("--") || word === "--help" || known.includes(word.split("=", 1)[0]));
}
