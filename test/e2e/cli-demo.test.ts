import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";

import { expect, test } from "vitest";

import { startNode } from "../support/processes.ts";

test("demo: every expected webhook comes, signed, and nothing is left behind", { timeout: 60_000 }, async () => {
  const before = await demoDirectories();
  await using demo = startNode(["bin/wazapi.js", "demo", "--json"]);
  expect([await demo.exited, demo.output()]).toEqual([0, expect.stringContaining('"ok":true')]);
  const lines = demo
    .output()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const webhooks = lines.filter(({ webhook }) => webhook !== undefined);
  expect(webhooks.map(({ webhook, body }) => [webhook, body?.status ?? ""].join(" ").trim())).toEqual(
    expect.arrayContaining([
      "ConnectedCallback",
      "DeliveryCallback",
      "MessageStatusCallback RECEIVED",
      "MessageStatusCallback READ",
      "ReceivedCallback RECEIVED",
    ]),
  );
  const pictures = webhooks.filter(({ body }) => body?.image !== undefined);
  expect(pictures.map(({ body }) => [body?.status, body?.image?.caption])).toEqual([
    ["SENT", "A picture"],
    ["RECEIVED", "A picture back"],
  ]);
  expect(webhooks.every(({ signed }) => signed)).toBe(true);
  const sandboxUrl = /simulated WhatsApp runs at (http:[\w.:/]+)/.exec(demo.output())?.[1] ?? "";
  await expect(fetch(`${sandboxUrl}/sandbox/config`)).rejects.toThrow("fetch failed");
  expect((await demoDirectories()).filter((name) => !before.includes(name))).toEqual([]);
});

interface Line {
  readonly webhook?: string;
  readonly signed?: boolean;
  readonly body?: { readonly status?: string; readonly image?: { readonly caption: string } };
}

async function demoDirectories(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("wazapi-demo-"));
}
