import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { expect, it } from "vitest";
import { completeProgram, createProgram } from "#cli/program.ts";
import { chapters } from "./all-facts.ts";
import { factsDocument } from "./document.ts";
import type { Fact, Proof } from "./fact.ts";

const facts: readonly Fact[] = chapters.flatMap((chapter) => chapter.facts);

it("every fact has an id of its own", () => {
  expect(new Set(facts.map(({ id }) => id)).size).toBe(facts.length);
});

it("every test that a fact names exists", async () => {
  const proofs = facts.flatMap(({ sandboxBy, clientBy }) => [sandboxBy, clientBy]).flatMap(proofsOf);
  const missing: string[] = [];
  for (const { file, name } of proofs) {
    const text = await readFile(new URL(`../${file}`, import.meta.url), "utf8").catch(() => "");
    if (!isTitle(text, name)) missing.push(`${file}: ${name}`);
  }
  expect(missing).toEqual([]);
});

it("whatever only a phone can confirm has a command to try it with", () => {
  const without = facts.flatMap(({ id, phone }) => (phone !== undefined && !command.test(phone) ? [id] : []));
  expect(without).toEqual([]);
});

it("every command that is named exists", async () => {
  // Nothing is parsed, so nothing is written.
  const program = createProgram({} as Parameters<typeof createProgram>[0], () => async () => {});
  await completeProgram(program, () => async () => {});
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const [, section = ""] = readme.split("## What only a real phone can show");
  const texts = [section.split("\n## ")[0] ?? "", ...facts.map((fact) => Object.values(fact).join(" "))];
  const named = texts.flatMap((text) =>
    [...text.matchAll(/`(?:npx )?wazapi ([^`]+)`/g)].flatMap(([, words]) => words ?? []),
  );
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((words) => !leadsTo(program, words.split(" ")))).toEqual([]);
});

it("docs/whatsapp.md says what the table says (npm run facts)", async () => {
  const written = await readFile(new URL("../../docs/whatsapp.md", import.meta.url), "utf8");
  expect(written).toBe(factsDocument());
});

it("prints the table", () => {
  const rows = facts.map(({ id, sandboxBy, clientBy }) => {
    const mark = (by: Fact["sandboxBy"]): string => ("not" in by ? "no " : "yes");
    const why = [sandboxBy, clientBy].flatMap((by) => ("not" in by ? [by.not] : by.map(({ name }) => name)));
    return `${id.padEnd(40)} sandbox ${mark(sandboxBy)}  client ${mark(clientBy)}  ${why.join(" | ")}`;
  });
  process.stdout.write(`\nWhat WhatsApp does, and what is done about it:\n${rows.join("\n")}\n`);
  expect(rows.length).toBe(facts.length);
});

/** What somebody can type: one of our commands, or a request. */
const command = /`(?:npx wazapi|wazapi|curl|PUT|POST|GET) [^`]+`/;

/** Whether these words begin with a command of the program, down to its last part. */
function leadsTo(program: Command, [word = "", ...rest]: readonly string[]): boolean {
  const found = program.commands.find((one) => one.name() === word);
  if (found === undefined) return false;
  return found.commands.length === 0 || leadsTo(found, rest);
}

/** Whether the name stands in a text of the file, as titles and their tables do; not in a remark. */
function isTitle(text: string, name: string): boolean {
  return text.split("\n").some((line) => {
    const at = line.indexOf(name);
    return at > 0 && /["'`]/.test(line.slice(0, at)) && !/^\s*(?:\/\/|\*|\/\*)/.test(line);
  });
}

function proofsOf(by: Fact["sandboxBy"]): readonly Proof[] {
  return "not" in by ? [] : by;
}
