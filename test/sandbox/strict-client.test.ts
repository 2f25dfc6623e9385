import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { PreKeyBundle } from "#sandbox/signal/sim-device.ts";
import { bytesOf, childOf, childrenOf, stanza, uintBytes, uintOf } from "#sandbox/wire/stanza.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";
import { connectStrict, keyNodes, strictNumber as own, type StrictClient } from "./strict-client.ts";

const signal = AbortSignal.timeout(60_000);
const bob = "5511888880002";
const seed = "strict";
let sandbox: Sandbox;
let client: StrictClient;

beforeAll(async () => {
  sandbox = await openTestSandbox({ seed, fastPreKeys: false });
  // One account that is written to, and writes, under either name. It knows nothing of privacy tokens.
  await sandbox.control.behaviour({ addressing: "any", tctoken: "ignored" });
  await sandbox.control.addContact({ number: bob, name: "Bob" });
  client = await connectStrict({ sandbox, seed });
});

afterAll(async () => {
  expectHonestWire(sandbox);
  client.close();
  await sandbox[Symbol.asyncDispose]();
});

describe("a client that is not Baileys", () => {
  it("resumes by IK, asks for its media host at once, and says that it is there without a type", async () => {
    expect(client.pattern).toBe("IK");
    expect(await client.next("success")).toMatchObject({ attrs: { lid: expect.stringMatching(/:3@lid$/) } });
    expect(childOf(await client.next("ib"), "offline")?.attrs).toEqual({ count: "0" });
    const answer = await client.ask("w:m", "set", stanza("media_conn"));
    expect(childOf(answer, "media_conn")?.attrs["auth"]).toMatch(/^5511900000009\./);
    client.send(stanza("presence", { name: "x" }));
    await eventually(() => sandbox.control.state().devices[0]?.presence).toBe("available");
  });

  it("uploads its keys; a digest that it checks is right, byte by byte", async () => {
    const bundles = Array.from({ length: 12 }, () => client.device.takeBundle());
    expect(childOf(await client.ask("encrypt", "get", stanza("count")), "count")?.attrs["value"]).toBe("0");
    await client.ask("encrypt", "set", ...keyNodes(bundles));
    const digest = childOf(await client.ask("encrypt", "get", stanza("digest")), "digest");
    const [{ identity, registrationId, signedPreKey }] = bundles as [PreKeyBundle];
    expect(uintOf(bytesOf(childOf(digest, "registration")))).toBe(registrationId);
    expect(childrenOf(childOf(digest, "list"), "id").map((id) => uintOf(bytesOf(id)))).toEqual(
      bundles.map(({ preKey }) => preKey?.id),
    );
    const hash = createHash("sha1").update(identity).update(signedPreKey.publicKey).update(signedPreKey.signature);
    for (const { preKey } of bundles) hash.update(preKey!.publicKey);
    expect(Buffer.from(bytesOf(childOf(digest, "hash"))!)).toEqual(hash.digest());
  });

  it.each(["pn", "lid"] as const)(
    "keeps a session for each address (%s): opened there, answered there",
    async (addressing) => {
      const { lid } = await sandbox.control.addContact({ number: bob });
      const jid = addressing === "pn" ? `${bob}@s.whatsapp.net` : `${lid}@lid`;
      await sandbox.control.contactSend({ number: bob, to: own, content: { text: "hello" }, addressing }, signal);
      const first = await client.readMessage();
      expect(first).toMatchObject({ from: jid, type: "pkmsg", message: { conversation: "hello" } });
      client.confirm(first);
      client.send(await client.letter(jid, addressing === "lid" ? { peer_recipient_pn: `${bob}@s.whatsapp.net` } : {}));
      expect(await client.next("ack", ({ attrs }) => attrs["class"] === "message")).toMatchObject({
        attrs: { from: jid },
      });
      const delivered = await client.next("receipt");
      expect(delivered).toMatchObject({ attrs: { from: jid } });
      client.send(stanza("ack", { class: "receipt", id: delivered.attrs["id"], to: jid }));
      await sandbox.control.contactSend({ number: bob, to: own, content: { text: "and again" } }, signal);
      const second = await client.readMessage();
      expect(second).toMatchObject({ from: jid, type: "msg", message: { conversation: "and again" } });
      client.confirm(second);
    },
  );

  it("asks for a message again without keys: same id, new session", async () => {
    await sandbox.control.contactSend({ number: bob, to: own, content: { text: "lost" }, addressing: "pn" }, signal);
    const lost = await client.next("message");
    const { id = "", from = "" } = lost.attrs;
    client.send(stanza("ack", { class: "message", id, to: from }));
    client.send(
      stanza("receipt", { id, to: from, type: "retry" }, [
        stanza("retry", { count: 1, id, t: lost.attrs["t"], v: 1 }),
        stanza("registration", {}, uintBytes(client.device.registrationId, 4)),
      ]),
    );
    const again = await client.readMessage();
    expect(again).toMatchObject({ id, type: "pkmsg", message: { conversation: "lost" } });
    expect(sandbox.control.state().devices[0]?.queued).toBe(1);
    client.confirm(again);
    await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
  });

  it("confirms many messages in one receipt, and takes its backlog in batches of its own size", async () => {
    await sandbox.control.contactSend({ number: bob, to: own, content: { text: "n{n}" }, count: 3 }, signal);
    const three = [await client.next("message"), await client.next("message"), await client.next("message")];
    client.close();
    await eventually(() => sandbox.control.state().devices[0]?.online).toBe(false);
    client = await connectStrict({ sandbox, seed }, client);
    await client.next("success");
    expect(childOf(await client.next("ib"), "offline_preview")?.attrs).toMatchObject({ count: "3", message: "3" });
    client.send(stanza("ib", {}, [stanza("offline_batch", { count: 200 })]));
    const offline = [await client.next("message"), await client.next("message"), await client.next("message")];
    expect(offline.map(({ attrs }) => attrs["id"])).toEqual(three.map(({ attrs }) => attrs["id"]));
    expect(childOf(await client.next("ib"), "offline")?.attrs).toEqual({ count: "3" });
    const [first = "", ...rest] = offline.map(({ attrs }) => attrs["id"] ?? "");
    const list = stanza(
      "list",
      {},
      rest.map((id) => stanza("item", { id })),
    );
    client.send(stanza("receipt", { id: first, to: offline[0]?.attrs["from"] }, [list]));
    await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
  });
});
