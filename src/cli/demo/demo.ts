import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { loadConfig } from "#config/load.ts";
import { WazapiError } from "#domain/errors.ts";
import { createLog } from "#observe/log.ts";
import { createSandboxClient } from "#sandbox/client.ts";
import type { SandboxClient } from "#sandbox/client.ts";
import type { InboxEntry } from "#sandbox/shown.ts";

import { openApp } from "#app.ts";
import { createApi } from "../api.ts";
import type { Api, InstanceRef } from "../api.ts";
import type { CliIo } from "../io.ts";
import { startSandboxProcess } from "../sandbox-process.ts";
import { samples } from "../trigger/samples.ts";
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
const { picture } = samples;
const pictureBytes = Buffer.from(picture.base64, "base64");
const pictureOut = "A picture";
const pictureIn = "A picture back";
/** For each step that waits. */
const stepMs = 30_000;

/**
 * The main job once around, offline: a simulated WhatsApp, a server, an instance paired by QR, a receiver, a text and a
 * picture out, and the same in. Throws `timeout` naming the webhooks that did not come. Leaves nothing behind.
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
  const send = async (path: `/${string}`, content: Readonly<Record<string, string>>, fits: Fits): Promise<void> => {
    const body = { phone: contact, ...content };
    const { messageId } = await api.instance<{ readonly messageId: string }>(instance, { method: "POST", path, body });
    await awaited([delivery(messageId), status(messageId, "RECEIVED"), status(messageId, "READ")]);
    await requireInInbox(sandbox, { messageId, fits }, signal);
  };
  stage.step(`POST /send-text: "${helloOut}" to ${contact}`);
  await send("/send-text", { message: helloOut }, ({ text }) => text === helloOut);
  stage.step(`${contact} has decrypted and read it`);

  const image = `data:${picture.mimetype};base64,${picture.base64}`;
  stage.step(`POST /send-image: "${pictureOut}", ${pictureBytes.byteLength} bytes`);
  await send("/send-image", { image, caption: pictureOut }, isWholePicture);
  stage.step(`${contact} has downloaded and decrypted it`);

  await sandbox.contactSend({ number: contact, to: own, content: { text: helloIn } }, signal);
  stage.step(`${contact} writes "${helloIn}"`);
  await awaited([received(helloIn)]);

  await sandbox.contactSend(
    { number: contact, to: own, content: { image: { ...picture, caption: pictureIn } } },
    signal,
  );
  stage.step(`${contact} sends a picture, "${pictureIn}"`);
  await awaited([receivedPicture]);
  await requireAtUrl(expectations.latest(receivedPicture), signal);
  stage.step("its bytes are at the address that the webhook names");

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

/** Whether a message is as it was sent. */
type Fits = (entry: InboxEntry) => boolean;

const isWholePicture: Fits = ({ type, text, media }) =>
  type === "image" && text === pictureOut && media?.verified === true && media.fileLength === pictureBytes.byteLength;

async function requireInInbox(
  sandbox: SandboxClient,
  { messageId, fits }: { readonly messageId: string; readonly fits: Fits },
  signal: AbortSignal,
): Promise<void> {
  const inbox = await sandbox.inbox({ number: contact }, signal);
  const copies = inbox.find((entry) => entry.messageId === messageId && fits(entry))?.copies ?? 0;
  if (copies === 1) return;
  throw new WazapiError("internal", { message: `the contact received the message ${copies} times` });
}

/** A customer fetches the picture of a webhook: no token, and no wait for the download. */
async function requireAtUrl(body: Arrived["body"] | undefined, signal: AbortSignal): Promise<void> {
  const url = String(Object(body?.["image"]).imageUrl);
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(stepMs)]) });
  if (Buffer.from(await response.arrayBuffer()).equals(pictureBytes)) return;
  throw new WazapiError("internal", { message: `another file is at the address of the picture (${response.status})` });
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

const receivedPicture: Expectation = {
  name: "ReceivedCallback with a picture",
  type: "ReceivedCallback",
  fits: ({ image, fromMe }) => fromMe === false && Object(image).caption === pictureIn,
};
