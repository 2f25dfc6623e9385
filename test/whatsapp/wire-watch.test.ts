import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { UnknownWire } from "#whatsapp/unknown-wire.ts";
import { strangersIn } from "#whatsapp/watch/watch-frames.ts";
import { openWireWatch, watchedBy } from "#whatsapp/watch/wire-watch.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig } from "./session-rig.ts";

const named = (found: readonly UnknownWire[]) => found.map(({ kind, name }) => `${kind} ${name}`);

const inGroup = (...content: BinaryNode[]): BinaryNode => ({
  tag: "notification",
  attrs: { id: "A", from: "1@g.us", type: "w:gp2" },
  content,
});

describe("what is not known in a stanza", () => {
  it.each<[BinaryNode, string[]]>([
    [{ tag: "message", attrs: { id: "A", from: "x", notify: "Bob", mood: "good" } }, ["attribute message mood"]],
    [{ tag: "notification", attrs: { id: "A", from: "x", type: "teleport" } }, ["notification teleport"]],
    [
      {
        tag: "notification",
        attrs: { from: "x", type: "picture" },
        content: [
          { tag: "set", attrs: { hash: "cMbN" } },
          { tag: "paint", attrs: {} },
        ],
      },
      ["notification picture paint"],
    ],
    [
      {
        tag: "notification",
        attrs: { from: "x", type: "mex" },
        content: [{ tag: "update", attrs: { op_name: "NotificationUserTeleported" } }],
      },
      ["mex NotificationUserTeleported"],
    ],
    [
      {
        tag: "ib",
        attrs: {},
        content: [
          { tag: "offline", attrs: {} },
          { tag: "weather", attrs: {} },
        ],
      },
      ["ib weather"],
    ],
    [{ tag: "ack", attrs: { id: "A", class: "message", error: "498" } }, ["ack 498"]],
    [{ tag: "ack", attrs: { id: "A", class: "message", error: "463", refresh_lid: "true" } }, []],
    [{ tag: "ack", attrs: { id: "A", class: "receipt", error: "498" } }, []],
    [{ tag: "iq", attrs: { whatever: "1" } }, []],
    [
      inGroup(
        { tag: "ephemeral", attrs: { expiration: "86400", mood: "1" } },
        { tag: "growth_locked", attrs: { type: "invite" } },
        { tag: "history_mode", attrs: { mode: "on" } },
      ),
      ["group ephemeral mood", "group history_mode"],
    ],
    [
      inGroup({
        tag: "add",
        attrs: { v_id: "1" },
        content: [
          { tag: "participant", attrs: { jid: "1@lid", phone_number: "2@s.whatsapp.net", label: "boss" } },
          { tag: "guest", attrs: { jid: "3@lid" } },
        ],
      }),
      ["group add participant label", "group add guest"],
    ],
    [inGroup({ tag: "create", attrs: { key: "1" }, content: [{ tag: "group", attrs: { new: "1" } }] }), []],
  ])("%j", (node, names) => {
    expect(named(strangersIn(node))).toEqual(names);
  });
});

describe("the watch", () => {
  const clock = { time: 1_000, now: () => clock.time, monotonicMs: () => clock.time };

  it("counts each name, the latest first, and shows nothing that names a person", async () => {
    await using watch = await openWireWatch({ clock, log: silentLog });
    watch.seen({ kind: "tag", name: "newthing" });
    clock.time = 2_000;
    watch.seen({ kind: "jid", name: "5511999990001@moon" });
    watch.seen({ kind: "jid", name: "5511888880002@moon" });
    clock.time = 3_000;
    watch.seen({ kind: "tag", name: "newthing" });
    watch.seen({ kind: "attribute", name: `a\u0000b${"x".repeat(500)}` });
    expect(watch.list()).toEqual([
      { kind: "tag", name: "newthing", count: 2, firstAt: 1_000, lastAt: 3_000 },
      { kind: "attribute", name: `a?b${"x".repeat(57)}`, count: 1, firstAt: 3_000, lastAt: 3_000 },
      { kind: "jid", name: "#@moon", count: 2, firstAt: 2_000, lastAt: 2_000 },
    ]);
  });

  it("holds two hundred names; what is beyond is counted by its kind", async () => {
    await using watch = await openWireWatch({ clock, log: silentLog });
    for (let n = 0; n < 1_000; n += 1) watch.seen({ kind: "tag", name: `tag-${n}` });
    const list = watch.list();
    expect(list).toHaveLength(201);
    expect(list.find(({ name }) => name === "other")).toMatchObject({ count: 800 });
  });

  it("remembers over a restart; a file that cannot be read is begun anew", async () => {
    const dir = await mkdtemp(join(tmpdir(), "wire-watch-"));
    {
      await using before = await openWireWatch({ clock, log: silentLog, dir });
      before.seen({ kind: "ib", name: "weather" });
    }
    {
      await using after = await openWireWatch({ clock, log: silentLog, dir });
      after.seen({ kind: "ib", name: "weather" });
      expect(after.list()).toMatchObject([{ kind: "ib", name: "weather", count: 2 }]);
    }
    await writeFile(join(dir, "unknown-wire.json"), "{half");
    {
      await using again = await openWireWatch({ clock, log: silentLog, dir });
      expect(again.list()).toEqual([]);
      again.seen({ kind: "tag", name: "anew" });
    }
    expect(JSON.parse(await readFile(join(dir, "unknown-wire.json"), "utf8"))).toMatchObject({
      seen: [{ name: "anew" }],
    });
    await rm(dir, { recursive: true });
  });

  it("is told what the metrics are told", async () => {
    await using watch = await openWireWatch({ clock, log: silentLog });
    const counted: string[] = [];
    const { unknownWire } = watchedBy(watch, {
      unknownWire: ({ kind }: { readonly kind: string }) => void counted.push(kind),
    });
    unknownWire({ kind: "mex", name: "News" } as UnknownWire);
    expect([counted, watch.list().map(({ name }) => name)]).toEqual([["mex"], ["News"]]);
  });
});

describe("a session", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  it("tells what it does not know of what WhatsApp sends, and nothing else", async () => {
    const unknown: UnknownWire[] = [];
    await using rig = await openSessionRig(sandbox, {}, { unknownWire: (one) => unknown.push(one) });
    await rig.pair();
    const { number, contact } = rig;
    await sandbox.control.contactSend({ number: contact, to: number, content: { text: "hello" } }, rig.signal);
    await expect.poll(rig.texts, { timeout: 8_000 }).toEqual(["hello"]);
    expect(await rig.sendText("3EB0WATCH", "answer")).toMatchObject({ outcome: "acked" });
    expect(unknown).toEqual([]);
    await sandbox.control.notify({
      number,
      attrs: { type: "teleport", from: "s.whatsapp.net", mood: "good" },
      content: [],
    });
    await expect
      .poll(() => named(unknown), { timeout: 8_000 })
      .toEqual(["attribute notification mood", "notification teleport"]);
    unknown.length = 0;
    const newest = { base64: Buffer.from([0xd2, 0x0f, 1, 0]).toString("base64") };
    for (const tag of ["message", "status"]) {
      const stanza = { tag, attrs: { id: tag, from: "120363000000000009@newsletter", type: "text" } };
      const content = [{ tag: "plaintext", attrs: {}, content: newest }];
      await sandbox.control.stanza({ number, stanza: { ...stanza, content } });
    }
    await expect.poll(() => named(unknown), { timeout: 8_000 }).toEqual(["field Message.250", "field Message.250"]);
  });
});
