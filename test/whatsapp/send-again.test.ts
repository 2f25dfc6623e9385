import { proto } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingContent } from "#domain/content.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let rig: SessionRig;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox);
  await rig.pair();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

/** Sends once; answers what the queue would store. */
async function send(messageId: string, content: OutgoingContent): Promise<proto.IMessage> {
  const to = `${rig.contact}@s.whatsapp.net`;
  const result = await rig.sessions.send(
    { instanceId: rig.instanceId, messageId, ackTimeoutMs: 10_000, outgoing: { to, content, options: {} } },
    rig.signal,
  );
  if (result.outcome !== "acked") throw new Error(result.error);
  const { chatId, senderId, at, type } = result;
  const { instanceId } = rig;
  await rig.store.messages.put({
    messages: [{ instanceId, chatId, messageId, fromMe: true, senderId, at, type, proto: result.proto }],
  });
  return proto.WebMessageInfo.decode(result.proto).message ?? {};
}

const secret = Buffer.alloc(32, 7).toString("base64");

// The first try may have arrived: then its secret is the one that everybody answers with.
test.each<[name: string, content: OutgoingContent]>([
  ["poll", { kind: "poll", question: "?", options: ["A", "B"], selectable: 1, secret }],
  ["event", { kind: "event", name: "E", startAt: 0, isCanceled: false, secret }],
  ["forwarded poll", { kind: "forward", messageId: "3EB0POLL", secret }],
])("a %s that is sent again under its id has the secret it had", async (_name, content) => {
  await send("3EB0POLL", { kind: "poll", question: "?", options: ["A", "B"], selectable: 0, secret: "b3RoZXI=" });
  const tries = [await send("3EB0AGAIN", content), await send("3EB0AGAIN", content)];
  const secrets = tries.map((one) => Buffer.from(one.messageContextInfo?.messageSecret ?? []).toString("base64"));
  expect(secrets).toEqual([secret, secret]);
});

test("after an edit of ours has left, the stored message is the new one, with its secret", async () => {
  await send("3EB0EVENT", { kind: "event", name: "Old", startAt: 1000, description: "d", isCanceled: false, secret });
  await send("3EB0EDIT1", { kind: "eventEdit", messageId: "3EB0EVENT", name: "New", isCanceled: true });
  const stored = await rig.store.messages.get({ instanceId: rig.instanceId, messageId: "3EB0EVENT" });
  const { message } = proto.WebMessageInfo.decode(stored!.proto);
  expect(message?.eventMessage).toMatchObject({ name: "New", isCanceled: true });
  expect(Number(message?.eventMessage?.startTime)).toBe(1);
  expect(message?.eventMessage?.description ?? "").toBe("");
  expect(Buffer.from(message?.messageContextInfo?.messageSecret ?? []).toString("base64")).toBe(secret);
});
