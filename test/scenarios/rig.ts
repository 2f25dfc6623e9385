import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "#config/load.ts";
import { systemClock } from "#lib/clock.ts";
import { type Log, type LogFields, silentLog } from "#lib/log.ts";
import type { ContentBody } from "#sandbox/content-body.ts";
import type { InboxEntry } from "#sandbox/shown.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { type App, openApp } from "#app.ts";
import { until } from "../support/processes.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openTestSandbox } from "../support/sandbox.ts";

/** The body of a webhook as it was received. */
export type WebhookBody = Readonly<Record<string, unknown>>;

/** What a request was answered with. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A message that went all the way: what the API said, and what the device of its recipient decrypted. */
export interface Arrival {
  readonly messageId: string;
  readonly answer: Answer["body"];
  readonly entry: InboxEntry;
}

/** A whole server with a simulated WhatsApp and one paired instance, in this process. Disposing ends all of it. */
export interface Scenario extends AsyncDisposable {
  readonly app: App;
  readonly sandbox: Sandbox;
  readonly dataDir: string;
  readonly instanceId: string;
  readonly instanceToken: string;
  /** Numbers of the instance, of Ana and of Bob; Ana receives unless a test says otherwise. */
  readonly own: string;
  readonly contact: string;
  readonly other: string;
  /** JID of a group that the instance (its owner), Ana and Bob are in, and the same as Z-API writes it. */
  readonly group: { readonly jid: string; readonly phone: string };
  /** A request below the prefix of the instance, with both tokens. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  /** The same with any path of the server. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  /**
   * POSTs a body and waits until `to` (default: Ana) has decrypted the message. `phone` is Ana unless the body names one.
   * Throws with the answer when the request was refused.
   */
  readonly send: (
    path: string,
    body: Readonly<Record<string, unknown>>,
    input?: { readonly to?: string; readonly headers?: Readonly<Record<string, string>> },
  ) => Promise<Arrival>;
  /** Waits until this person has this message. */
  readonly arrived: (messageId: string, number?: string) => Promise<InboxEntry>;
  /** Everything this person (default: Ana) has. */
  readonly inbox: (number?: string) => Promise<readonly InboxEntry[]>;
  /** The plain bytes of the file of a received message; throws when it is damaged. */
  readonly bytesOf: (entry: InboxEntry) => Promise<Buffer>;
  /** Somebody (default: Ana) writes to the instance, or to `to`; answers the message id. */
  readonly receive: (content: ContentBody, input?: { readonly from?: string; readonly to?: string }) => Promise<string>;
  /** Waits for the first webhook that fits, from the first one on. */
  readonly webhook: (what: string, fits: (body: WebhookBody) => boolean) => Promise<WebhookBody>;
  /** Every webhook so far. */
  readonly webhooks: () => readonly WebhookBody[];
  readonly receiver: Receiver;
  /** Lines of the log at warn and above. */
  readonly logged: readonly { readonly level: string; readonly message: string; readonly fields: LogFields }[];
}

/** How long anything may take before a test fails: only ever waited out by a failure. */
const patienceMs = 45_000;

const own = "5511990000001";
const contact = "5511988887777";
const other = "5511977776666";

/** Starts everything and pairs the instance. One for each test file: it takes a second or two. */
export async function openScenario(
  input: {
    readonly env?: Readonly<Record<string, string>>;
    readonly sentByMe?: boolean;
    /** `any` where a test makes the client ask what no server answers. */
    readonly wire?: "honest" | "any";
  } = {},
): Promise<Scenario> {
  await using parts = new AsyncDisposableStack();
  const signal = new AbortController().signal;
  const dataDir = await mkdtemp(join(tmpdir(), "wazapi-scenario-"));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const receiver = parts.use(await startReceiver());
  const sandbox = parts.use(await openTestSandbox({}, { wire: input.wire ?? "honest" }));
  const logged: Scenario["logged"][number][] = [];
  const { config } = loadConfig({
    flags: { dataDir, host: "127.0.0.1", port: 0, "sandbox.url": sandbox.url, "leadership.standby": false },
    env: input.env ?? {},
    cwd: dataDir,
  });
  const log = keptLog(logged);
  const app = parts.use(await openApp(config, { log, clock: systemClock, version: "scenario" }, signal));
  await app.leading;
  const headers = {
    "client-token": app.tokens.client,
    authorization: `Bearer ${app.tokens.partner}`,
  };
  const fetchHere: Scenario["fetch"] = (path, init = {}) =>
    fetch(`${app.url()}${path}`, { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } });
  const askAt = async (
    method: string,
    path: string,
    body?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    const response = await fetchHere(path, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Answer["body"]) };
  };

  const created = await askAt("POST", "/instances/integrator/on-demand", { name: "scenario" });
  const { id: instanceId, token: instanceToken } = created.body as { readonly id: string; readonly token: string };
  const ask: Scenario["ask"] = (method, path, body, more) =>
    askAt(method, `/instances/${instanceId}/token/${instanceToken}${path}`, body, more);
  await ask("PUT", "/update-every-webhooks", { value: receiver.url, notifySentByMe: input.sentByMe ?? true });
  const qr = await until(async () => (await ask("GET", "/qr-code")).body["value"] as string | undefined, {
    what: "a QR code",
    withinMs: patienceMs,
    everyMs: 50,
  });
  await sandbox.control.scan({ number: own, qr }, signal);
  await sandbox.control.addContact({ number: contact, name: "Ana" });
  await sandbox.control.addContact({ number: other, name: "Bob" });
  const { id: jid } = await sandbox.control.createGroup({ subject: "Team", participants: [own, contact, other] });
  await until(async () => (await ask("GET", "/status")).body["connected"] === true, {
    what: "a connected instance",
    withinMs: patienceMs,
    everyMs: 50,
  });

  const inbox: Scenario["inbox"] = (number = contact) => sandbox.control.inbox({ number }, signal);
  const arrived: Scenario["arrived"] = (messageId, number = contact) =>
    until(async () => (await inbox(number)).find((entry) => entry.messageId === messageId), {
      what: `${messageId} in the inbox of ${number}, log: ${JSON.stringify(logged)}`,
      withinMs: patienceMs,
    });
  const webhooks: Scenario["webhooks"] = () => receiver.taken.map(({ body }) => JSON.parse(body) as WebhookBody);
  const owned = parts.move();
  return {
    app,
    sandbox,
    dataDir,
    instanceId,
    instanceToken,
    own,
    contact,
    other,
    group: { jid, phone: jid.replace("@g.us", "-group") },
    ask,
    fetch: fetchHere,
    send: async (path, body, { to, headers: more } = {}) => {
      const answer = await ask("POST", path, { phone: contact, ...body }, more);
      const { messageId } = answer.body;
      if (answer.status !== 200 || typeof messageId !== "string") {
        throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      return { messageId, answer: answer.body, entry: await arrived(messageId, to) };
    },
    arrived,
    inbox,
    bytesOf: async (entry) => {
      const sha256 = Buffer.from(entry.media?.sha256 ?? "", "base64").toString("hex");
      const response = await sandbox.fetch(new Request(`${sandbox.url}/media/${sha256}`));
      const bytes = Buffer.from(await response.arrayBuffer());
      if (!response.ok) throw new Error(`the file cannot be read: ${response.status} ${bytes.toString()}`);
      return bytes;
    },
    receive: async (content, { from = contact, to = own } = {}) => {
      const sent = to.endsWith("@g.us")
        ? await sandbox.control.groupSend({ group: to, from, content }, signal)
        : await sandbox.control.contactSend({ number: from, to, content }, signal);
      return sent.messageIds[0]!;
    },
    webhook: (what, fits) =>
      until(() => webhooks().find(fits), { what: `webhook: ${what}`, withinMs: patienceMs, everyMs: 20 }),
    webhooks,
    receiver,
    logged,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function keptLog(logged: { level: string; message: string; fields: LogFields }[]): Log {
  const keep =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void logged.push({ level, message, fields });
  const log: Log = { ...silentLog, warn: keep("warn"), error: keep("error"), child: () => log };
  return log;
}
