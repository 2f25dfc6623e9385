import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import type { FileSource, OutgoingFile } from "#domain/outgoing/files.ts";
import type { SendResult } from "#domain/session.ts";
import { systemClock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { pathFiles } from "../support/path-files.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

/** What becomes of a message whose file is slow, lost or refused on its way. */
const parts = new AsyncDisposableStack();
let sandbox: Sandbox;
let rig: SessionRig;
let file: OutgoingFile;
let serial = 0;
const never = new AbortController().signal;

beforeAll(async () => {
  sandbox = parts.use(await openTestSandbox());
  rig = parts.use(await openSessionRig(sandbox));
  await rig.pair();
  const dir = await mkdtemp(join(tmpdir(), "wazapi-send-files-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "file.bin");
  await writeFile(path, randomBytes(70_000));
  file = { mediaId: path, bytes: 70_000, mimeType: "application/octet-stream", fileName: "file.bin", facts: {} };
});
afterEach(() => {
  rig.files = pathFiles;
});
afterAll(() => parts.disposeAsync());

const nextId = (): string => `3EB0FILE${String((serial += 1)).padStart(4, "0")}`;

function send(
  messageId: string,
  more: { readonly ackTimeoutMs?: number; readonly source?: FileSource } = {},
): Promise<SendResult> {
  return rig.sessions.send(
    {
      instanceId: rig.instanceId,
      messageId,
      ackTimeoutMs: more.ackTimeoutMs ?? 8_000,
      outgoing: {
        to: `${rig.contact}@s.whatsapp.net`,
        content: { kind: "document", file: more.source ?? file },
        options: {},
      },
    },
    never,
  );
}

const inbox = async () => sandbox.control.inbox({ number: rig.contact }, never);

it("a file may take longer than an ack", async () => {
  rig.files = {
    open: async (input, signal) => {
      await sleep(2_500, signal);
      return pathFiles.open(input, signal);
    },
  };
  const messageId = nextId();
  expect(await send(messageId, { ackTimeoutMs: 2_000 })).toMatchObject({ outcome: "acked", type: "document" });
});

it("once it is there, the ack has its own time", async () => {
  const messageId = nextId();
  await sandbox.control.addFault({ type: "ack-drop", match: { messageId } });
  const before = systemClock.monotonicMs();
  expect(await send(messageId, { ackTimeoutMs: 300 })).toMatchObject({ outcome: "unknown", kind: "timeout" });
  // The time that the file had is over with its arrival.
  expect(systemClock.monotonicMs() - before).toBeLessThan(10_000);
});

it("an upload that fails is tried again later", async () => {
  const messageId = nextId();
  await sandbox.control.addFault({ type: "upload-fail", match: { number: rig.number }, times: 100 });
  expect(await send(messageId)).toMatchObject({ outcome: "unknown", kind: "transient" });
  await sandbox.control.clearFaults();
  expect(await send(messageId)).toMatchObject({ outcome: "acked" });
});

it.each([
  ["it is not kept any more", new WazapiError("media_rejected", { message: "not kept" }), "not kept"],
  ["its address is forbidden", new WazapiError("forbidden_address"), "this address may not be called from here"],
])("a file that can never be had fails for good: %s", async (_, error, text) => {
  rig.files = { open: () => Promise.reject(error) };
  expect(await send(nextId())).toEqual({ outcome: "rejected", kind: "permanent", error: text });
});

it("the connection breaks while the file is on its way: the message does not leave afterwards", async () => {
  const opened = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  rig.files = {
    open: async (input, signal) => {
      opened.resolve();
      await arrived.promise;
      return pathFiles.open(input, signal);
    },
  };
  const messageId = nextId();
  const sending = send(messageId);
  await opened.promise;
  await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
  expect(await sending).toMatchObject({ outcome: "unknown", kind: "disconnected" });
  await rig.opened();
  arrived.resolve();
  rig.files = pathFiles;
  const next = nextId();
  await send(next);
  await expect.poll(async () => (await inbox()).map((entry) => entry.messageId), { timeout: 8_000 }).toContain(next);
  expect((await inbox()).map((entry) => entry.messageId)).not.toContain(messageId);
});
