import { resolve } from "node:path";

import type { Command } from "commander";
import { Option } from "commander";

import { WazapiError } from "#domain/errors.ts";
import type { ContentBody } from "#sandbox/content-body.ts";
import type { InboxEntry } from "#sandbox/shown.ts";

import type { Cli, Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { whole } from "../options.ts";
import { harmless } from "../output.ts";
import { connectSandbox, linkedNumber } from "../sandbox.ts";
import { clockTime } from "../times.ts";

const mediaKinds = ["image", "video", "audio", "document", "sticker"] as const;

type SendOptions = Partial<Record<(typeof mediaKinds)[number], string>> & {
  readonly to?: string;
  readonly content?: string;
  readonly caption?: string;
  readonly reply?: string;
  readonly count?: number;
  readonly ownPhone?: true;
  readonly lid?: true;
  readonly hosted?: true;
};

interface ContactOptions {
  readonly name?: string;
  readonly absent?: true;
  readonly devices?: number;
  readonly username?: string;
  readonly hosted?: boolean;
}

/** `wazapi sandbox contact|send|inbox|typing|call`: what simulated people do and see. */
export const declareSandboxPeople: Declare = (command, run) => {
  declareContact(command, run);
  declareSend(command, run);
  declareInbox(command, run);
  declareTyping(command, run);
  declareCall(command, run);
};

function declareContact(command: Command, run: Run): void {
  command
    .command("contact")
    .description("Add or change a contact. A number that nobody added is on WhatsApp as soon as it is used.")
    .argument("<number>", "its number")
    .option("--name <name>", "its name")
    .option("--absent", "it is not on WhatsApp")
    .option("--username <name>", "it goes by a username and shows nobody its number")
    .option("--devices <count>", "devices it has, the phone included", whole(1, 5))
    .option("--hosted", "a provider runs a device of it, too, as of companies on a hosted API")
    .option("--no-hosted", "no provider runs one any more")
    .action(
      run<ContactOptions>(async (cli, { args: [number = ""], options }) => {
        const sandbox = await connectSandbox(cli);
        const contact = await sandbox.addContact(
          {
            number,
            onWhatsApp: options.absent !== true,
            ...(options.name !== undefined && { name: options.name }),
            ...(options.devices !== undefined && { devices: options.devices }),
            ...(options.username !== undefined && { username: options.username }),
            ...(options.hosted !== undefined && { hosted: options.hosted }),
          },
          cli.signal,
        );
        cli.out.document(contact, (page) => page.fields({ ...contact }));
      }),
    );
}

function declareSend(command: Command, run: Run): void {
  const send = command
    .command("send")
    .description("A contact sends a message to the linked account.")
    .argument("<from>", "number of the contact")
    .argument("[text]", "the text; `{n}` in it counts when --count sends several")
    .option("--to <chat>", "number or group it goes to; not needed when one phone is linked")
    .option("--own-phone", "FROM is the account's own phone, typing to --to");
  for (const kind of mediaKinds) send.option(`--${kind} <file>`, `send this file as ${kind}`);
  send
    .option("--caption <text>", "words below the file")
    .option("--reply <messageId>", "it answers this message")
    .option("--count <count>", "send so many", whole(1, 10_000))
    .option("--lid", "the contact writes from its LID, without showing its number")
    .option("--hosted", "it is written by the device that a provider runs")
    .addOption(new Option("--content <json>", "any other content, as the control route takes it"))
    .action(run<SendOptions>(sendAsContact));
}

async function sendAsContact(
  cli: Cli,
  { args: [number = "", text], options }: { readonly args: readonly string[]; readonly options: SendOptions },
): Promise<void> {
  const { count, ownPhone, lid, hosted } = options;
  const content = contentOf(cli, text, options);
  const sandbox = await connectSandbox(cli);
  if (ownPhone === true && options.to === undefined) throw usage("say with --to whom the own phone writes to");
  const to = options.to ?? (await linkedNumber(sandbox, cli.signal));
  const input = { number, to, content, ...(count !== undefined && { count }), ...(hosted === true && { hosted }) };
  const { messageIds } =
    ownPhone === true
      ? await sandbox.phoneSend(input, cli.signal)
      : await sandbox.contactSend({ ...input, ...(lid === true && { addressing: "lid" }) }, cli.signal);
  cli.out.document({ messageIds }, (page) => {
    for (const id of messageIds) page.text(id);
  });
}

function contentOf(cli: Cli, text: string | undefined, options: SendOptions): ContentBody {
  const kinds = mediaKinds.filter((kind) => options[kind] !== undefined);
  const [kind] = kinds;
  const given = kinds.length + (text === undefined ? 0 : 1) + (options.content === undefined ? 0 : 1);
  if (given !== 1) throw usage("say one thing to send: a text, one file, or --content");
  const reply = options.reply === undefined ? {} : { reply: options.reply };
  if (text !== undefined) return { text, ...reply };
  // The sandbox checks what it gets.
  if (kind === undefined) return { ...jsonOf(options.content ?? ""), ...reply } as ContentBody;
  const file = {
    path: resolve(cli.io.cwd, options[kind] ?? ""),
    ...(options.caption !== undefined && { caption: options.caption }),
  };
  return { [kind]: file, ...reply } as ContentBody; // One of the five kinds of file.
}

function jsonOf(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch (cause) {
    throw new WazapiError("invalid_request", { message: "--content is no JSON", cause });
  }
}

function declareInbox(command: Command, run: Run): void {
  command
    .command("inbox")
    .description("Show what a contact received, decrypted, in order of arrival.")
    .argument("<number>", "number of the contact")
    .option("--since <seq>", "only what came behind this position", whole(0, Number.MAX_SAFE_INTEGER), 0)
    .option("--wait <seconds>", "wait that long for the first one", whole(0, 300), 0)
    .option("-f, --follow", "go on until Ctrl+C")
    .action(
      run<{ since: number; wait: number; follow?: true }>(async (cli, { args: [number = ""], options }) => {
        const sandbox = await connectSandbox(cli);
        if (options.follow !== true) {
          const entries = await sandbox.inbox({ number, since: options.since, waitSeconds: options.wait }, cli.signal);
          cli.out.document(entries, (page) => page.table(inboxColumns, entries.map(inboxRow)));
          if (entries.length === 0) cli.out.say("nothing arrived");
          return;
        }
        let since = options.since;
        while (!cli.signal.aborted) {
          const entries = await sandbox
            .inbox({ number, since, waitSeconds: 30 }, cli.signal)
            .catch((error: unknown) => {
              if (!cli.signal.aborted) throw error;
              return [];
            });
          for (const entry of entries) cli.out.entry(entry, inboxRow(entry).join("\t"));
          since = entries.at(-1)?.seq ?? since;
        }
      }),
    );
}

const inboxColumns = ["SEQ", "AT", "FROM", "TYPE", "MESSAGE", "COPIES", "CONTENT"];

function inboxRow({ seq, at, from, type, messageId, copies, text, media }: InboxEntry): readonly string[] {
  const file = media === undefined ? "" : [media.fileName ?? media.mimetype ?? "file", media.caption].join(" ").trim();
  return [String(seq), clockTime(at), from, type, messageId, String(copies), text ?? file].map(harmless);
}

function declareTyping(command: Command, run: Run): void {
  command
    .command("typing")
    .description("A contact types, records, or stops.")
    .argument("<from>", "number of the contact")
    .option("--to <chat>", "the chat; not needed when one phone is linked")
    .addOption(
      new Option("--state <state>", "what it does").choices(["composing", "recording", "paused"]).default("composing"),
    )
    .action(
      run<{ to?: string; state: "composing" | "recording" | "paused" }>(
        async (cli, { args: [number = ""], options: { to, state } }) => {
          const sandbox = await connectSandbox(cli);
          await sandbox.typing({ number, to: to ?? (await linkedNumber(sandbox, cli.signal)), state }, cli.signal);
          cli.out.document({ number, state }, (page) => page.text(state));
        },
      ),
    );
}

function declareCall(command: Command, run: Run): void {
  command
    .command("call")
    .description("A contact calls.")
    .argument("<from>", "number of the contact")
    .option("--to <number>", "whom; not needed when one phone is linked")
    .option("--video", "with video")
    .option("--missed", "hang up at once")
    .action(
      run<{ to?: string; video?: true; missed?: true }>(async (cli, { args: [number = ""], options }) => {
        const sandbox = await connectSandbox(cli);
        const { video, missed } = options;
        const to = options.to ?? (await linkedNumber(sandbox, cli.signal));
        const kind = { ...(video === true && { video }), ...(missed === true && { missed }) };
        const call = await sandbox.call({ number, to, ...kind }, cli.signal);
        cli.out.document(call, (page) => page.text(call.callId));
      }),
    );
}

function usage(message: string): WazapiError {
  return new WazapiError("invalid_request", { message });
}
