import { chapters } from "./all-facts.ts";
import type { Fact, Shown } from "./fact.ts";

const intro = `# WhatsApp as it is

Written by \`npm run facts\` from \`test/facts/\`; a test compares the two. Each fact names where it is known
from, what the sandbox does (it is strict unless told otherwise: \`wazapi sandbox behave\`), what wazapi does, and the
tests that show both. What only a phone can confirm is marked so.
`;

/** The text of `docs/whatsapp.md`. */
export function factsDocument(): string {
  const parts = chapters
    .filter(({ facts }) => facts.length > 0)
    .map(({ title, facts }) => `## ${title}\n\n${facts.map(section).join("\n")}`);
  return [intro, ...parts, phoneList()].join("\n");
}

/** Everything that waits for a phone, in one place. */
function phoneList(): string {
  const rows = chapters
    .flatMap(({ facts }) => facts)
    .flatMap(({ id, phone }) => (phone === undefined ? [] : [`| [${id}](#${id}) | ${phone.replaceAll("|", "\\|")} |`]));
  return ["## What only a phone can show", "", "| fact | how to see it |", "|---|---|", ...rows, ""].join("\n");
}

function section({ id, fact, since, source, sandbox, sandboxBy, client, clientBy, phone }: Fact): string {
  const lines = [
    `### ${id}`,
    "",
    fact,
    "",
    `- Since: ${since}. Source: ${source}`,
    `- Sandbox: ${sandbox} ${shown(sandboxBy)}`,
    `- wazapi: ${client} ${shown(clientBy)}`,
    ...(phone === undefined ? [] : [`- **Only a phone can confirm:** ${phone}`]),
    "",
  ];
  return lines.join("\n");
}

/** The proofs in brackets. */
function shown(by: Shown): string {
  if ("not" in by) return `(Not shown: ${by.not})`;
  return `(${by.map(({ file, name }) => `\`test/${file}\`: ${name}`).join("; ")})`;
}
