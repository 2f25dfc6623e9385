import { execFileSync } from "node:child_process";

import { expect, test } from "vitest";

import { run } from "./support.ts";

const rows: readonly { readonly typed: string; readonly offers: readonly string[] }[] = [
  { typed: "wazapi sta", offers: ["status"] },
  { typed: "wazapi queue ", offers: ["list", "cancel", "purge", "retry"] },
  { typed: "wazapi sandbox sc", offers: ["scan"] },
  { typed: "wazapi --json events list --ty", offers: ["--type"] },
  { typed: "wazapi send 5511999999999 --wa", offers: ["--wait"] },
];

test.each(rows)("completion: $typed", async ({ typed, offers }) => {
  const { stdout: script } = await run(["completion", "bash"]);
  const words = typed.split(" ");
  const ask = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _wazapi; echo "\${COMPREPLY[@]}"`;
  const offered = execFileSync("bash", ["-c", ask], { encoding: "utf8" }).trim().split(" ");
  expect(offered).toEqual(expect.arrayContaining([...offers]));
  if (!typed.endsWith(" ")) expect(offered).toEqual(offers);
});

test.each(["zsh", "fish"])("completion %s: names every command", async (shell) => {
  const { code, stdout } = await run(["completion", shell]);
  expect(code).toBe(0);
  for (const word of ["serve", "purge", "scan", "tail"]) expect(stdout).toContain(word);
});
