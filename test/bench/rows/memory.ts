import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

import { createSandboxClient } from "#sandbox/client.ts";

import { until } from "../../support/processes.ts";
import { openRig, type Rig } from "../../support/rig.ts";
import { startHelper } from "../helper.ts";
import type { Measured } from "../measure.ts";
import type { Row } from "../row.ts";

const sessions = 20;
const restMs = 5_000;
const numbers = (prefix: string) =>
  Array.from({ length: sessions }, (_, n) => `${prefix}${String(n).padStart(4, "0")}`);

/** What one more connected session costs. One round: sessions are paired once, and memory is read at rest. */
export const memory: Row = {
  what: `resident memory for each of ${sessions} idle sessions`,
  against: "a bare Baileys socket",
  unit: "MB",
  run: async (): Promise<Measured> => {
    await using parts = new AsyncDisposableStack();
    const rig = parts.use(await openRig({ slots: "received" }));
    const bare = parts.use(startHelper("bare/baileys-process.ts"));
    await bare.ask("pair", { sandboxUrl: rig.sandboxUrl, numbers: ["5511990000002"] });
    const before = await resting(rig, bare.pid);
    for (const number of numbers("55119910")) await pairOneMore(rig, number);
    await bare.ask("pair", { sandboxUrl: rig.sandboxUrl, numbers: numbers("55119920") });
    const after = await resting(rig, bare.pid);
    return {
      ours: [(after.ours - before.ours) / sessions],
      bare: [(after.bare - before.bare) / sessions],
      facts: { "whole server MB": after.ours },
    };
  },
};

async function pairOneMore(rig: Rig, number: string): Promise<void> {
  const sandbox = createSandboxClient({ url: rig.sandboxUrl });
  const created = await rig.api("POST", "/instances/integrator/on-demand", { name: number });
  const { id, token } = (await created.json()) as { readonly id: string; readonly token: string };
  const path = (rest: string): string => `/instances/${id}/token/${token}${rest}`;
  const qr = await until(
    async () => {
      const answer = await rig.api("GET", path("/qr-code"));
      return answer.ok ? valueOf(await answer.text()) : undefined;
    },
    { what: "a QR code", withinMs: 30_000 },
  );
  await sandbox.scan({ number, qr });
  await until(
    async () => {
      const answer = await rig.api("GET", path("/status"));
      return answer.ok && ((await answer.json()) as { readonly connected?: boolean }).connected === true;
    },
    { what: "a connected session", withinMs: 30_000 },
  );
}

/** The route answers the code itself, or a document around it. */
function valueOf(text: string): string {
  return text.startsWith("{") ? (JSON.parse(text) as { readonly value: string }).value : text;
}

async function resting(rig: Rig, barePid: number): Promise<{ readonly ours: number; readonly bare: number }> {
  await wait(restMs);
  return { ours: residentMegabytes(rig.server().pid), bare: residentMegabytes(barePid) };
}

function residentMegabytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}
