import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import type { Arrived } from "../demo/receiver.ts";
import { harmless } from "../output.ts";
import { untilAborted } from "../until-aborted.ts";

/** `wazapi demo`. */
export const declareDemo: Declare = (command, run) => {
  command
    .description(
      "Pair a simulated phone, send and receive a text and a picture, and show every webhook as it arrives, offline. Exit code 0 only if all came.",
    )
    .option("--keep", "stay on afterwards, to be played with; Ctrl+C ends it")
    .action(run<{ keep?: true }>(demo));
};

async function demo(cli: Cli, { options }: { readonly options: { readonly keep?: true } }): Promise<void> {
  const { out, io, signal } = cli;
  const { runDemo } = await import("../demo/demo.ts");
  const startedMs = io.clock.monotonicMs();
  const seconds = (): string => ((io.clock.monotonicMs() - startedMs) / 1000).toFixed(1);
  await runDemo(
    io,
    {
      step: (step) => out.entry({ step, atSeconds: Number(seconds()) }, `${stamp(out, seconds())} ${step}`),
      webhook: (webhook) => {
        const { type, sequence, signed } = webhook;
        const mark = signed ? "" : out.paint("red", " (wrong signature)");
        out.entry(
          { webhook: type, sequence, signed, body: webhook.body },
          `${stamp(out, seconds())}   ${out.paint("green", "webhook")} #${sequence} ${[type, ...describe(webhook)].join(" ")}${mark}`,
        );
      },
      done: async ({ dataDir, webhooks }) => {
        out.entry(
          { ok: true, webhooks, seconds: Number(seconds()) },
          `${stamp(out, seconds())} done: ${webhooks} webhooks`,
        );
        if (options.keep !== true) return;
        out.say(
          [
            "it stays on; in another terminal try:",
            `  wazapi status --data ${dataDir}`,
            `  wazapi send 5511988887777 "Hello again" --wait read --data ${dataDir}`,
            `  wazapi sandbox send 5511988887777 "Are you there?" --data ${dataDir}`,
            "Ctrl+C ends it and removes everything",
          ].join("\n"),
        );
        await untilAborted(signal);
      },
    },
    signal,
  );
}

function stamp(out: Cli["out"], seconds: string): string {
  return out.paint("dim", `${seconds.padStart(5)} s`);
}

/** The part of a webhook that shows what it is about. */
function describe({ body }: Arrived): readonly string[] {
  const { status, phone, text, image, error } = body;
  const words = [status, phone, error].filter((word) => typeof word === "string" || typeof word === "number");
  const message: unknown = Object(text).message;
  if (typeof message === "string") words.push(JSON.stringify(message));
  const { caption, imageUrl } = Object(image) as { readonly caption?: unknown; readonly imageUrl?: unknown };
  if (typeof imageUrl === "string") words.push(JSON.stringify(caption), imageUrl);
  return words.map((word) => harmless(String(word)));
}
