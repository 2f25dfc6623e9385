import { Option } from "commander";

import { isWazapiError, WazapiError } from "#domain/errors.ts";
import type { MessageStatus } from "#domain/message-status.ts";

import { query } from "../api.ts";
import type { ApiCall, InstanceRef } from "../api.ts";
import { connectionOf } from "../connection.ts";
import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { awaitStatus, awaitedStatuses } from "../await-status.ts";
import type { AwaitedStatus } from "../await-status.ts";
import { instanceOption, seconds } from "../options.ts";
import { connectOrOpenServer } from "../server.ts";
import type { Server } from "../server.ts";
import { progressBar } from "../progress-bar.ts";
import { extensionOf, fileFlags, givenFile, readFile } from "./send-file.ts";
import type { FileFlag, GivenFile, LocalFile } from "./send-file.ts";

interface SendOptions extends Partial<Record<FileFlag, string>> {
  readonly caption?: string;
  readonly as?: string;
  readonly fields?: string;
  readonly instance?: string;
  readonly delay?: number;
  readonly replyTo?: string;
  readonly wait?: AwaitedStatus;
  readonly timeout: number;
  readonly idempotencyKey?: string;
}

/** `wazapi send`. */
export const declareSend: Declare = (command, run) => {
  command
    .description(
      "Send a text, a file or anything else. Prints the message id; the message waits in the queue while the phone is offline.",
    )
    .argument("<phone>", "number with country code, group, channel or LID")
    .argument("[text]", "the text, or the caption of the file; `-` reads it from standard input");
  for (const [flag, { summary }] of Object.entries(fileFlags)) {
    command.addOption(new Option(`--${flag} <file|url>`, summary));
  }
  command
    .option("--caption <text>", "words under the file")
    .option("--as <kind>", "send any other kind, e.g. poll, location, button-list; a wrong one lists all")
    .option("--fields <json>", "what that kind takes, as `/docs` describes it; `-` reads it from standard input")
    .addOption(instanceOption())
    .addOption(new Option("--delay <seconds>", "wait that long before it leaves").argParser(seconds(3600)))
    .option("--reply-to <messageId>", "quote this message")
    .addOption(new Option("--wait <status>", "wait until it came that far").choices(awaitedStatuses))
    .addOption(new Option("--timeout <seconds>", "wait at most that long").argParser(seconds(86_400)).default(120))
    .option("--idempotency-key <key>", "the same key again sends nothing and answers the same ids")
    .addHelpText("after", "\nFor a status, e.g. --as text-status, the phone is `status`.")
    .addHelpText("after", "\nWithout a running server it sends by itself and then waits until the message is sent.")
    .action(run<SendOptions>(send));
};

/** What is to be sent, before any server is asked. */
type Message =
  | { readonly text: string }
  | { readonly route: `/${string}`; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly flag: FileFlag; readonly file: GivenFile; readonly caption: string | undefined };

async function send(
  cli: Cli,
  { args: [phone = "", given], options }: { readonly args: readonly string[]; readonly options: SendOptions },
): Promise<void> {
  const message = await messageOf(cli, given, options);
  await using server = await connectOrOpenServer(cli);
  const instance = await server.instance(options.instance);
  if (server.here && (await connectionOf(server.api, instance)).phone === undefined) {
    throw new WazapiError("not_connected", {
      message: `${instance.name} has no phone`,
      details: { hint: "link one with `wazapi pair`" },
    });
  }
  const fields = {
    phone,
    ...(options.delay !== undefined && { delayMessage: options.delay }),
    ...(options.replyTo !== undefined && { messageId: options.replyTo }),
  };
  const { zaapId, messageId, warning } = await accepted(cli, { server, instance, message, fields, options });
  if (warning !== undefined) cli.out.say(warning);
  const wanted = options.wait ?? (server.here ? "sent" : undefined);
  let status: MessageStatus = "queued";
  const tellIds = (): void => cli.out.document({ zaapId, messageId, status }, (page) => page.text(messageId));
  if (wanted !== undefined) {
    const onLook = (seen: MessageStatus): void => void (status = seen);
    const timeoutMs = options.timeout * 1000;
    try {
      await awaitStatus(cli, { api: server.api, instance, messageId, wanted, timeoutMs, onLook });
    } catch (error) {
      // It was accepted, however the wait ends: a script has to know which message that is.
      tellIds();
      throw error;
    }
  }
  tellIds();
  cli.out.say(status === "queued" ? "queued; `wazapi message trace` tells how far it came" : status);
}

/** Throws `invalid_request` for what does not go together, and for a file that is not there. */
async function messageOf(cli: Cli, given: string | undefined, options: SendOptions): Promise<Message> {
  if (options.as !== undefined || options.fields !== undefined) return await otherOf(cli, given, options);
  const text = given === "-" ? (await cli.io.readStdin()).replace(/\r?\n$/, "") : given;
  // The keys of a literal are exactly its flags.
  const flags = (Object.keys(fileFlags) as readonly FileFlag[]).filter((flag) => options[flag] !== undefined);
  const [flag, another] = flags;
  if (flag === undefined) {
    if (options.caption !== undefined) throw refusal("there is no file for the caption", "add one, e.g. with --image");
    if (text === undefined || text === "") {
      throw refusal("there is no text to send", "give it as the second argument, or `-` for standard input");
    }
    return { text };
  }
  if (another !== undefined) throw refusal(`--${flag} and --${another} are two messages`, "send them one by one");
  if (text !== undefined && options.caption !== undefined) {
    throw refusal("the caption is there twice", "give it as the second argument or with --caption");
  }
  const caption = options.caption ?? text;
  if (caption !== undefined && !fileFlags[flag].captioned) {
    throw refusal(`nothing can be written under --${flag}`, "send the text by itself");
  }
  return { flag, caption, file: await givenFile(cli, options[flag] ?? "") };
}

/** A message of any kind, in the words of its route. */
async function otherOf(cli: Cli, given: string | undefined, options: SendOptions): Promise<Message> {
  const { as, fields } = options;
  if (as === undefined || fields === undefined) throw refusal("--as and --fields go together", "give both");
  const flag = Object.keys(fileFlags).find((one) => Object.hasOwn(options, one));
  if (given !== undefined || flag !== undefined || options.caption !== undefined) {
    throw refusal("with --as everything else is in --fields", "write the text and the files there");
  }
  const { fieldsOf, routeNamed } = await import("./send-as.ts");
  return { route: routeNamed(as), fields: fieldsOf(fields === "-" ? await cli.io.readStdin() : fields) };
}

function refusal(message: string, hint: string): WazapiError {
  return new WazapiError("invalid_request", { message, details: { hint } });
}

interface Accepted {
  readonly zaapId: string;
  readonly messageId: string;
  readonly warning?: string;
}

/** A server may fetch and convert the file before it answers. */
const fileTimeoutMs = 180_000;

/** Hands the message to the server. */
async function accepted(
  cli: Cli,
  input: {
    readonly server: Server;
    readonly instance: InstanceRef;
    readonly message: Message;
    readonly fields: Readonly<Record<string, unknown>>;
    readonly options: SendOptions;
  },
): Promise<Accepted> {
  const { server, instance, message, fields } = input;
  const { idempotencyKey } = input.options;
  const ask = (path: `/${string}`, call: Pick<ApiCall, "body" | "timeoutMs">): Promise<Accepted> =>
    server.api.instance<Accepted>(instance, {
      method: "POST",
      path,
      ...call,
      ...(idempotencyKey !== undefined && { headers: { "idempotency-key": idempotencyKey } }),
    });
  if ("text" in message) return await ask("/send-text", { body: { ...fields, message: message.text } });
  if ("route" in message) {
    return await ask(message.route, { body: { ...fields, ...message.fields }, timeoutMs: fileTimeoutMs });
  }
  const { flag, file, caption } = message;
  const withCaption = { ...fields, ...(caption !== undefined && { caption }) };
  const [source, name] =
    "url" in file
      ? [file.url]
      : [`wazapi:${await handIn(cli, { server, instance, file: file.local })}`, file.local.name];
  const shownAs = flag === "document" && name !== undefined ? { fileName: name } : {};
  return await ask(routeOf(flag, name), {
    body: { ...withCaption, ...shownAs, [flag]: source },
    timeoutMs: fileTimeoutMs,
  });
}

/** Brings a file of this machine to the server; answers the id it is sent under. */
async function handIn(
  cli: Cli,
  { server, instance, file }: { readonly server: Server; readonly instance: InstanceRef; readonly file: LocalFile },
): Promise<string> {
  using bar = progressBar(cli, file.bytes);
  try {
    const { mediaId } = await server.api.instance<{ readonly mediaId: string }>(instance, {
      method: "POST",
      path: `/media${query({ fileName: file.name })}`,
      streamed: { pieces: readFile(file, { onRead: bar.at }), bytes: file.bytes },
      // At least as fast as a slow line.
      timeoutMs: fileTimeoutMs + Math.ceil(file.bytes / slowestBytesPerMs),
    });
    return mediaId;
  } catch (error) {
    throw isWazapiError(error) ? uploadFailure(error, cli.signal) : error;
  }
}

/** A server that refuses a body hangs up while we write: its answer may or may not come through. */
function uploadFailure(error: WazapiError, signal: AbortSignal): WazapiError {
  const hungUp = error.code === "unavailable" && !signal.aborted;
  if (error.code !== "payload_too_large" && !hungUp) return error;
  const hint = "the server takes larger files with WAZAPI_MAX_DOCUMENT, WhatsApp up to 2 GB";
  const message = hungUp ? "the server hung up while the file was on its way" : error.message;
  return new WazapiError(error.code, { message, details: { hint }, cause: error });
}

const slowestBytesPerMs = 50;

function routeOf(flag: FileFlag, name = ""): `/send-${string}` {
  const extension = flag === "document" ? extensionOf(name) : undefined;
  return extension === undefined ? `/send-${flag}` : `/send-${flag}/${extension}`;
}
