/** Baileys as its README shows it: keys in memory, nothing stored, nothing passed on. */
import { createSandboxClient } from "#sandbox/client.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { type Client, pairClient } from "../../sandbox/baileys.ts";
import { answerQuestions } from "../helper.ts";

const clients: Client[] = [];
const arrivals: number[] = [];
let waiting: { readonly count: number; readonly resolve: () => void } | undefined;

answerQuestions({
  /** Links these numbers, one socket each. */
  pair: async ({ sandboxUrl, numbers }: { readonly sandboxUrl: string; readonly numbers: readonly string[] }) => {
    const client = createSandboxClient({ url: sandboxUrl });
    const config = await client.config();
    // All that pairing asks of a sandbox.
    const { scan, behaviour, migrate } = client;
    const sandbox = { control: { config: () => config, scan, behaviour, migrate } } as unknown as Sandbox;
    for (const number of numbers) {
      const paired = await pairClient(sandbox, { number });
      paired.sock.ev.on("messages.upsert", ({ messages }) => arrived(messages.length));
      clients.push(paired);
    }
  },
  /** Sends so many texts, each after the one before was acknowledged. */
  send: async ({ to, count }: { readonly to: string; readonly count: number }) => {
    for (let n = 0; n < count; n += 1) {
      await clients[0]?.sock.sendMessage(`${to}@s.whatsapp.net`, { text: `message ${n}` });
    }
  },
  /** Counts what arrives from now on. */
  reset: async () => void arrivals.splice(0),
  /** Once so many have arrived: when each did, epoch milliseconds with a fraction. */
  arrivals: async ({ count }: { readonly count: number }) => {
    if (arrivals.length < count) await new Promise<void>((resolve) => (waiting = { count, resolve }));
    return arrivals;
  },
});

function arrived(count: number): void {
  const at = performance.timeOrigin + performance.now();
  for (let n = 0; n < count; n += 1) arrivals.push(at);
  if (waiting !== undefined && arrivals.length >= waiting.count) {
    waiting.resolve();
    waiting = undefined;
  }
}
