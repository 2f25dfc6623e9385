import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
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
    if (!text.includes(name)) missing.push(`${file}: ${name}`);
  }
  expect(missing).toEqual([]);
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

function proofsOf(by: Fact["sandboxBy"]): readonly Proof[] {
  return "not" in by ? [] : by;
}
