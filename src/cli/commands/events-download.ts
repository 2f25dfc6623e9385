import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { isWazapiError, WazapiError } from "#domain/errors.ts";
import { sleep } from "#lib/sleep.ts";
import { cleanFileName } from "#lib/clean-file-name.ts";

import { errorOf } from "../api.ts";
import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { instanceOption } from "../options.ts";
import { progressBar } from "../progress-bar.ts";
import { connectServer } from "../server.ts";

/** `wazapi events download`. */
export const declareEventsDownload: Declare = (command, run) => {
  command
    .command("download")
    .description("Save the file of the message that an event tells of. Prints its path.")
    .argument("<eventId>", "which")
    .addOption(instanceOption())
    .option("-o, --out <file>", "where to; a file that is there is replaced. Default: its name, in this directory")
    .action(
      run<{ instance?: string; out?: string }>(async (cli, { args: [eventId = ""], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const { payload } = await server.api.instance<{ readonly payload: unknown }>(instance, {
          path: `/events/${encodeURIComponent(eventId)}`,
        });
        const file = fileOf(payload);
        if (file === undefined) {
          throw new WazapiError("not_found", { message: "this event has no file, or one that could not be fetched" });
        }
        const path = resolve(cli.io.cwd, options.out ?? nameOf(file));
        if (options.out === undefined && (await isThere(path))) {
          throw new WazapiError("conflict", {
            message: `${path} is there already`,
            details: { hint: "name another file with --out" },
          });
        }
        const bytes = await save(cli, { url: file.url, path });
        cli.out.document({ path, bytes }, (page) => page.text(path));
      }),
    );
};

interface FileOfEvent {
  readonly url: string;
  readonly fileName?: string;
}

/** The first address of a file in a webhook body: of the message itself before those of what it quotes. */
function fileOf(payload: unknown): FileOfEvent | undefined {
  const waiting: unknown[] = [payload];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    if (typeof at !== "object" || at === null) continue;
    const entries: readonly [string, unknown][] = Object.entries(at);
    const url = entries.find(([key, value]) => fileUrl.test(key) && typeof value === "string")?.[1];
    if (typeof url === "string") {
      const fileName = Reflect.get(at, "fileName");
      return { url, ...(typeof fileName === "string" && { fileName }) };
    }
    waiting.push(...entries.map(([, value]) => value).filter((value) => value !== undefined && value !== null));
  }
  return undefined;
}

const fileUrl = /^(?:image|video|audio|document|sticker|ptv)Url$/;

/** A name that stays in its directory, whatever a stranger called the file. */
function nameOf({ url, fileName = "" }: FileOfEvent): string {
  const ofUrl = URL.canParse(url) ? decodeURIComponent(new URL(url).pathname) : "";
  return cleanFileName(fileName) ?? cleanFileName(ofUrl) ?? "file";
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Writes the file beside its place first; what fails in between leaves nothing. Answers its size. */
async function save(cli: Cli, { url, path }: { readonly url: string; readonly path: string }): Promise<number> {
  const { signal } = cli;
  const response = await opened(url, signal);
  const total = Number(response.headers.get("content-length") ?? 0);
  // A name of its own: nobody's file is written over, not even by a second download.
  const draft = `${path}.${randomBytes(6).toString("hex")}.part`;
  let bytes = 0;
  using bar = progressBar(cli, total);
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of response.body ?? []) {
      yield piece;
      bytes += piece.length;
      bar.at(bytes);
    }
  }
  try {
    await pipeline(Readable.from(counted()), createWriteStream(draft, { flags: "wx", mode: 0o600 }), { signal });
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    if (isWazapiError(cause)) throw cause;
    throw new WazapiError("unavailable", { message: `${path} could not be written whole`, cause });
  }
  return bytes;
}

/** How often a file that is still on its way is asked for; the server waits 20 s itself each time. */
const maxAsks = 10;

async function opened(url: string, signal: AbortSignal): Promise<Response> {
  for (let asks = 1; ; asks += 1) {
    let response: Response;
    try {
      response = await fetch(url, { signal });
    } catch (cause) {
      const message = `nobody answers at ${URL.canParse(url) ? new URL(url).origin : url}`;
      throw new WazapiError("unavailable", { message, details: { hint: "is PUBLIC_URL right?" }, cause });
    }
    if (response.ok) return response;
    if (response.status !== 503 || asks === maxAsks) throw await errorOf(response);
    await response.body?.cancel();
    await sleep(Math.min(30, Number(response.headers.get("retry-after")) || 1) * 1_000, signal);
    signal.throwIfAborted();
  }
}
