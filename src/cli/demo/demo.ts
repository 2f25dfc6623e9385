import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { loadConfig } from "#config/load.ts";
import { WazapiError } from "#domain/errors.ts";
import { createLog } from "#observe/log.ts";
import { createSandboxClient } from "#sandbox/client.ts";
import type { SandboxClient } from "#sandbox/client.ts";

import { openApp } from "#app.ts";
import { createApi } from "../api.ts";
import type { Api, InstanceRef } from "../api.ts";
import type { CliIo } from "../io.ts";
import { startSandboxProcess } from "../sandbox-process.ts";
import { programVersion } from "../version.ts";
import { createExpectations } from "./expectations.ts";
import type { Expectation } from "./expectations.ts";
import { startDemoReceiver } from "./receiver.ts";
import type { Arrived } from "./receiver.ts";

/** What the demo tells while it runs. */
export interface DemoStage {
  readonly step: (sentence: string) => void;
  readonly webhook: (webhook: Arrived) => void;
  /** Called at the end of a good round with the data directory, before anything is taken down. */
  readonly done: (round: { readonly dataDir: string; readonly webhooks: number }) => Promise<void>;
}

const own = "5511999990000";
const contact = "5511988887777";
const helloOut = "Hello from wazapi";
const helloIn = "Hello back";
/** For each step that waits. */
const stepMs = 30_000;

/**
 * The main job once around, offline: a simulated WhatsApp, a server, an instance paired by QR, a receiver, a text out
 * and one in. Throws `timeout` naming the webhooks that did not come. Leaves nothing behind.
 */
export async function runDemo(io: CliIo, stage: DemoStage, signal: AbortSignal): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "wazapi-demo-"));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const expectations = createExpectations();

  const sandboxProcess = parts.use(await startSandboxProcess(io, {}, signal));
  const sandbox = createSandboxClient({ url: sandboxProcess.url });
  stage.step(`a simulated WhatsApp runs at ${sandboxProcess.url}`);

  const receiver = parts.use(
    await startDemoReceiver((webhook) => {
      expectations.came(webhook);
      stage.webhook(webhook);
    }),
  );
  stage.step(`a receiver for webhooks listens at ${receiver.url}`);

  const { api } = parts.use(await startServer(io, { dataDir, sandboxUrl: sandboxProcess.url }, signal));
  stage.step(`the server listens at ${api.url}, with its data in ${dataDir}`);

  const awaited = async (expected: readonly Expectation[]): Promise<void> => {
    const missing = await expectations.await(expected, AbortSignal.any([signal, AbortSignal.timeout(stepMs)]));
    if (missing.length === 0) return;
    throw new WazapiError("timeout", { message: `this webhook did not come: ${missing.join(", ")}` });
  };
  const instance = await createInstance(api, receiver.url);
  receiver.trust(await webhookSecret(api, instance));
  stage.step("an instance is created, all its webhooks go to the receiver");

  const { value: qr } = await api.instance<{ readonly value: string }>(instance, { path: "/qr-code" });
  await sandbox.scan({ number: own, qr, name: "Demo" }, signal);
  stage.step(`the QR code is offered, and the phone of ${own} scans it`);
  await awaited([connected]);

  await sandbox.addContact({ number: contact, name: "Ana" }, signal);
  await sandbox.behaviour({ autoRead: true }, signal);
  const { messageId } = await api.instance<{ readonly messageId: string }>(instance, {
    method: "POST",
    path: "/send-text",
    body: { phone: contact, message: helloOut },
  });
  stage.step(`POST /send-text: "${helloOut}" to ${contact}`);
  await awaited([delivery(messageId), status(messageId, "RECEIVED"), status(messageId, "READ")]);
  await requireInInbox(sandbox, messageId, signal);
  stage.step(`${contact} has decrypted and read it`);

  await sandbox.contactSend({ number: contact, to: own, content: { text: helloIn } }, signal);
  stage.step(`${contact} writes "${helloIn}"`);
  await awaited([received(helloIn)]);

  if (!expectations.inOrder()) throw new WazapiError("internal", { message: "webhooks came out of order" });
  if (!expectations.allSigned()) throw new WazapiError("internal", { message: "a webhook had a wrong signature" });
  stage.step("every expected webhook came, in order, with a right signature");
  await stage.done({ dataDir, webhooks: expectations.count() });
}

/** Settings of nobody but the demo: neither the environment nor a settings file plays a part. */
async function startServer(
  io: CliIo,
  { dataDir, sandboxUrl }: { readonly dataDir: string; readonly sandboxUrl: string },
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly api: Api }> {
  const { config } = loadConfig({
    flags: { dataDir, host: "127.0.0.1", port: 0, "sandbox.url": sandboxUrl, "log.level": logLevel(io) },
    env: {},
    cwd: dataDir,
  });
  const log = createLog(config.log);
  const options = { log, clock: io.clock, version: programVersion() };
  // A stop ends the demo, which then closes the app in order.
  const app = await openApp(config, options, new AbortController().signal);
  const api = createApi({ url: app.url(), tokens: app.tokens }, signal);
  return { api, [Symbol.asyncDispose]: async () => app[Symbol.asyncDispose]() };
}

function logLevel({ env }: CliIo): string {
  return env["LOG_LEVEL"] ?? "error";
}

async function createInstance(api: Api, webhookUrl: string): Promise<InstanceRef> {
  const name = "demo";
  const { id, token } = await api.server<{ readonly id: string; readonly token: string }>({
    method: "POST",
    path: "/instances/integrator/on-demand",
    body: { name },
  });
  const instance = { id, token, name };
  await api.instance(instance, {
    method: "PUT",
    path: "/update-every-webhooks",
    body: { value: webhookUrl, notifySentByMe: true },
  });
  return instance;
}

async function webhookSecret(api: Api, instance: InstanceRef): Promise<string> {
  const { secrets } = await api.instance<{ readonly secrets: readonly string[] }>(instance, {
    path: "/webhooks/secret",
  });
  return secrets[0] ?? "";
}

async function requireInInbox(sandbox: SandboxClient, messageId: string, signal: AbortSignal): Promise<void> {
  const inbox = await sandbox.inbox({ number: contact }, signal);
  const copies = inbox.find((entry) => entry.messageId === messageId && entry.text === helloOut)?.copies ?? 0;
  if (copies === 1) return;
  throw new WazapiError("internal", { message: `the contact received the text ${copies} times` });
}

const connected: Expectation = { name: "ConnectedCallback", type: "ConnectedCallback", fits: () => true };

const delivery = (messageId: string): Expectation => ({
  name: "DeliveryCallback",
  type: "DeliveryCallback",
  fits: (body) => body["messageId"] === messageId && body["error"] === undefined,
});

const status = (messageId: string, word: string): Expectation => ({
  name: `MessageStatusCallback ${word}`,
  type: "MessageStatusCallback",
  fits: ({ ids, status }) => status === word && Array.isArray(ids) && ids.includes(messageId),
});

const received = (message: string): Expectation => ({
  name: "ReceivedCallback",
  type: "ReceivedCallback",
  fits: ({ text, fromMe }) => fromMe === false && Object(text).message === message,
});
