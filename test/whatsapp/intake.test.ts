import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { StanzaJson } from "#sandbox/tell.ts";
import { defaultBacklogPull } from "#whatsapp/intake/backlog-pull.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 10_000, interval: 5 });
const deviceOf = (rig: SessionRig) => sandbox.control.state().devices.find(({ number }) => number === rig.number);
const queued = (rig: SessionRig): number | undefined => deviceOf(rig)?.queued;
const passed = (direction: "in" | "out", what: RegExp): string[] =>
  sandbox.control
    .trace()
    .stanzas.filter((one) => one.direction === direction && what.test(one.stanza))
    .map(({ stanza }) => stanza);
const say = async (
  rig: SessionRig,
  text: string,
  more: { count?: number; to?: string; corrupt?: boolean; messageId?: string } = {},
) => {
  const { to = rig.number, ...rest } = more;
  const sent = await sandbox.control.contactSend({ number: rig.contact, to, content: { text }, ...rest }, rig.signal);
  return sent.messageIds[0]!;
};
const waitingIds = (rig: SessionRig): (string | null | undefined)[] =>
  rig.batches.flatMap(({ events }) =>
    (events?.["messages.upsert"]?.messages ?? []).flatMap(({ message, key }) => (message ? [] : [key.id])),
  );
const tell = async (rig: SessionRig, stanza: StanzaJson) => sandbox.control.stanza({ number: rig.number, stanza });
/** Keeps every login out until the answer is called. */
async function away(rig: SessionRig): Promise<() => Promise<void>> {
  await sandbox.control.addFault({ type: "disconnect", match: { number: rig.number }, code: 503, times: 10_000 });
  await eventually(() => deviceOf(rig)?.online).toBe(false);
  return async () => {
    await sandbox.control.clearFaults();
    await rig.opened();
  };
}

describe("a backlog", () => {
  it("is asked for until it ends, and what is live comes behind it", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const back = await away(rig);
    await say(rig, "m{n}", { count: 250 });
    await back();
    await say(rig, "live");
    await eventually(() => rig.texts().length).toBe(251);
    expect(rig.texts()).toEqual([...Array.from({ length: 250 }, (_, n) => `m${n + 1}`), "live"]);
    await eventually(() => queued(rig)).toBe(0);
    // None of them names devices (`deviceListMetadata`), and none had to be asked for again.
    expect(passed("in", /^<receipt .*type="retry"/)).toEqual([]);
  });
});

describe("a login that answers and delivers nothing", () => {
  it("is asked once more, then made anew, and nothing is lost", async () => {
    let stalls = 0;
    await using rig = await openSessionRig(
      sandbox,
      { backlog: { ...defaultBacklogPull, stallMs: 150 } },
      { backlogStalled: () => void (stalls += 1) },
    );
    await rig.pair();
    await away(rig);
    await say(rig, "waits");
    // No login comes in between.
    await Promise.all([
      sandbox.control.clearFaults(),
      sandbox.control.addFault({ type: "deaf", match: { number: rig.number } }),
    ]);
    await rig.opened();
    await say(rig, "live");
    await eventually(() => rig.texts()).toEqual(["waits", "live"]);
    expect(stalls).toBe(2);
    await eventually(() => queued(rig)).toBe(0);
  });
});

describe("a status", () => {
  it("in its own stanza is read once, confirmed as a status after it is durable, and survives kills", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const id = await say(rig, "my status", { to: "status@broadcast" });
    await say(rig, "behind it");
    await eventually(() => rig.texts()).toEqual(["my status", "behind it"]);
    await eventually(() => queued(rig)).toBe(0);
    for (let kill = 0; kill < 3; kill += 1) {
      await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
      await rig.opened();
      await eventually(() => deviceOf(rig)?.online).toBe(true);
    }
    await eventually(() => queued(rig)).toBe(0);
    expect(passed("out", new RegExp(`^<status .*id="${id}"`))).toHaveLength(1);
    expect(passed("in", new RegExp(`^<ack .*id="${id}"`))).toEqual([
      expect.stringMatching(/to="status@broadcast" class="status" participant="\d+@s.whatsapp.net" type="\w+"/),
    ]);
    expect(rig.texts()).toEqual(["my status", "behind it"]);
  });

  it("of a channel is read and confirmed as a status", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const text = Buffer.from([0x0a, 5, ...Buffer.from("hello")]).toString("base64");
    await tell(rig, {
      tag: "status",
      attrs: { id: "CH1", from: "120363000000000009@newsletter", type: "text" },
      content: [{ tag: "plaintext", attrs: {}, content: { base64: text } }],
    });
    await eventually(() => rig.texts()).toEqual(["hello"]);
    await eventually(() => queued(rig)).toBe(0);
    expect(passed("in", /<ack id="CH1"/)).toEqual([expect.stringContaining('class="status"')]);
  });
});

describe("what cannot be placed", () => {
  it("is confirmed, handed on as a message that waits, and holds nobody up", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const body = (type: string): StanzaJson => ({
      tag: "enc",
      attrs: { v: "2", type },
      content: { base64: Buffer.alloc(40, 1).toString("base64") },
    });
    const none: StanzaJson = { tag: "unavailable", attrs: {} };
    const fanout: StanzaJson = { tag: "unavailable", attrs: { type: "bot_unavailable_fanout" } };
    const stanzas: [Record<string, string>, StanzaJson][] = [
      [{ from: "867051314767696@bot" }, body("msmsg")],
      [{ from: "867051314767696@bot" }, fanout],
      [{ from: "12345@interop" }, none],
      [{ from: "120363000000000001@g.us" }, none],
      [{ from: `${rig.contact}@s.whatsapp.net`, recipient: "5511900000002@s.whatsapp.net" }, none],
      [{ from: "12345@interop" }, body("pkmsg")],
      [{ from: `${rig.contact}@s.whatsapp.net` }, body("msmsg")],
      [{ from: `${rig.contact}@s.whatsapp.net` }, body("newmsg")],
    ];
    const ids = stanzas.map((_, n) => `A${n + 1}`);
    for (const [n, [attrs, child]] of stanzas.entries()) {
      await tell(rig, { tag: "message", attrs: { id: ids[n]!, type: "text", ...attrs }, content: [child] });
    }
    await say(rig, "behind them");
    await eventually(() => rig.texts()).toEqual(["behind them"]);
    await eventually(() => queued(rig)).toBe(0);
    expect(waitingIds(rig)).toEqual(ids);
    expect(passed("in", /^<ack .*error="/)).toEqual([]);
    expect(passed("in", /<ack id="A\d".*class="message".*type=/)).toEqual([]);
  });

  it("what the owner asks a bot waits in the chat with the bot, what comes to a broadcast list in that of the list", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const none: StanzaJson = { tag: "unavailable", attrs: {} };
    const bot = "867051314767696@bot";
    const list = "1700000000@broadcast";
    const own = `${rig.number}@s.whatsapp.net`;
    const author = `${rig.contact}@s.whatsapp.net`;
    const copy = { id: "OB1", type: "text", from: own, recipient: bot };
    await tell(rig, { tag: "message", attrs: copy, content: [none] });
    await tell(rig, {
      tag: "message",
      attrs: { id: "BL1", type: "text", from: list, participant: author },
      content: [none],
    });
    await say(rig, "behind them");
    await eventually(() => rig.texts()).toEqual(["behind them"]);
    await eventually(() => queued(rig)).toBe(0);
    const keys = rig.batches.flatMap(({ events }) =>
      (events?.["messages.upsert"]?.messages ?? []).flatMap(({ message, key }) => (message ? [] : [key])),
    );
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) {
      expect(key).toMatchObject(
        key.id === "OB1"
          ? { remoteJid: bot, fromMe: true }
          : { id: "BL1", remoteJid: list, participant: author, fromMe: false },
      );
    }
    expect(new Set(waitingIds(rig))).toEqual(new Set(["OB1", "BL1"]));
    expect(passed("in", /^<ack .*error="/)).toEqual([]);
  });

  it("stanzas of an unknown kind are kept, confirmed by their own tag, and told once", async () => {
    const told: unknown[] = [];
    await using rig = await openSessionRig(sandbox, {}, { unknownWire: (unknown) => void told.push(unknown) });
    await rig.pair();
    await tell(rig, { tag: "newthing", attrs: { id: "N1", from: "status@broadcast", type: "x" } });
    await tell(rig, { tag: "newthing", attrs: { id: "N2", from: "5511900000002@s.whatsapp.net" } });
    await eventually(() => queued(rig)).toBe(0);
    expect(passed("in", /<ack id="N\d"/)).toEqual([
      '<ack id="N1" to="status@broadcast" class="newthing" type="x"/>',
      '<ack id="N2" to="5511900000002@s.whatsapp.net" class="newthing"/>',
    ]);
    expect(told).toEqual([
      { kind: "tag", name: "newthing" },
      { kind: "tag", name: "newthing" },
    ]);
    expect(rig.batches.flatMap(({ stanza }) => (stanza?.tag === "newthing" ? [stanza.attrs["id"]] : []))).toEqual([
      "N1",
      "N2",
    ]);
  });
});

describe("what cannot be decrypted", () => {
  it("is asked of its author, never refused, and read when it comes again", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const id = await say(rig, "second time", { corrupt: true });
    await eventually(() => rig.texts()).toEqual(["second time"]);
    await eventually(() => queued(rig)).toBe(0);
    expect(waitingIds(rig)).toEqual([id]);
    expect(passed("in", new RegExp(`<receipt id="${id}" type="retry"`))).toHaveLength(1);
    expect(passed("in", /^<ack .*error="/)).toEqual([]);
  });

  it("is given up when the author does not answer: kept, told of once, confirmed, and nobody waits behind it", async () => {
    let failures = 0;
    await using rig = await openSessionRig(sandbox, {}, { decryptFailed: () => void (failures += 1) });
    await rig.pair();
    const garbage = (tag: string, attrs: { id: string; from: string; participant?: string }): StanzaJson => ({
      tag,
      attrs: { type: "text", ...attrs },
      content: [
        {
          tag: "enc",
          attrs: { v: "2", type: "msg" },
          content: { base64: Buffer.alloc(60, attrs.id).toString("base64") },
        },
      ],
    });
    const from = `${rig.contact}@s.whatsapp.net`;
    const chat = garbage("message", { id: "G1", from });
    const status = garbage("status", { id: "G2", from: "status@broadcast", participant: from });
    for (const stanza of [chat, status]) await tell(rig, stanza);
    await eventually(() => queued(rig)).toBe(0);
    const back = await away(rig);
    // The same bytes once more, as if the first confirmation had been lost.
    for (const stanza of [chat, status]) await tell(rig, stanza);
    await say(rig, "behind them");
    await back();
    await eventually(() => rig.texts()).toEqual(["behind them"]);
    await eventually(() => queued(rig)).toBe(0);
    expect(failures).toBe(4);
    expect(new Set(waitingIds(rig))).toEqual(new Set(["G1"]));
    expect(passed("in", /<receipt id="G\d" type="retry"/)).toHaveLength(2);
    expect(passed("in", /^<ack .*error="/)).toEqual([]);
    expect(passed("in", /<ack id="G2"/).every((ack) => ack.includes('class="status"'))).toBe(true);
    const kept = await rig.store.authState.pendingJournal({ instanceId: rig.instanceId, limit: 10 });
    expect(kept).toEqual([]);
  });
});

describe("a request to send again that is lost", () => {
  const timesAsked = (id: string): string[] =>
    passed("in", new RegExp(`^<receipt id="${id}" type="retry"`)).flatMap(
      (stanza) => /<retry count="(\d+)"/.exec(stanza)?.[1] ?? [],
    );
  const loseRequest = async (rig: SessionRig, messageId: string) => {
    await sandbox.control.addFault({ type: "retry-drop", match: { number: rig.number, messageId } });
  };

  it("with the connection is made again on the next one", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await loseRequest(rig, "LOST1");
    await say(rig, "said again", { corrupt: true, messageId: "LOST1" });
    await eventually(() => rig.texts()).toEqual(["said again"]);
    await eventually(() => queued(rig)).toBe(0);
    expect(timesAsked("LOST1")).toEqual(["1", "2"]);
    expect(new Set(waitingIds(rig))).toEqual(new Set(["LOST1"]));
    expect(passed("in", /^<ack .*error="/)).toEqual([]);
  });

  it("because the connection closes before it leaves is made on the next one", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    let cuts = 0;
    rig.authStore.before = async ({ journal }) => {
      if (cuts > 0 || journal?.some(({ kind, stanzaId }) => kind === "stanza" && stanzaId === "LOST2") !== true) return;
      cuts += 1;
      await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
      await eventually(() => rig.sessions.isOpen(rig.instanceId)).toBe(false);
    };
    await say(rig, "said again", { corrupt: true, messageId: "LOST2" });
    await eventually(() => rig.texts()).toEqual(["said again"]);
    await eventually(() => queued(rig)).toBe(0);
    expect(cuts).toBe(1);
    expect(timesAsked("LOST2")).toEqual(["2"]);
  });

  it.each([
    ["LOST3", "after it was told that it waits", true],
    ["LOST4", "with all that was in memory", false],
  ])("with the process is made by the next one: %s, %s", async (messageId, _when, persists) => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await loseRequest(rig, messageId);
    // Nobody comes back before the process is gone.
    await sandbox.control.addFault({ type: "upgrade-refuse", times: 10_000 });
    rig.persists = persists;
    await say(rig, "said again", { corrupt: true, messageId });
    await eventually(() => deviceOf(rig)?.online).toBe(false);
    await rig.sessions[Symbol.asyncDispose]();
    await sandbox.control.clearFaults();
    rig.persists = true;
    const next = rig.other("two");
    await next.start(rig.instanceId);
    await eventually(() => rig.texts()).toEqual(["said again"]);
    await eventually(() => queued(rig)).toBe(0);
    expect(timesAsked(messageId)).toEqual(["1", "2"]);
    expect(new Set(waitingIds(rig))).toEqual(new Set([messageId]));
  });
});

describe("a stanza whose confirmation did not count", () => {
  it("is named by the end of the stream, confirmed after the next login, and nobody hears of it", async () => {
    const named: string[] = [];
    await using rig = await openSessionRig(sandbox, {}, { unconfirmed: (stanzaClass) => void named.push(stanzaClass) });
    await rig.pair();
    await eventually(() => queued(rig)).toBe(0);
    const quiet = rig.batches.length;
    // Its receipt is not heard, nor that of the second delivery: only the plain ack helps.
    const messageId = "UNHEARD";
    await sandbox.control.addFault({ type: "confirm-drop", match: { number: rig.number, messageId }, times: 2 });
    await sandbox.control.behaviour({ unconfirmedMs: 300 });
    const content = { text: "heard?" };
    await sandbox.control.contactSend({ number: rig.contact, to: rig.number, content, messageId }, rig.signal);
    await eventually(() => named).toEqual(["message"]);
    await sandbox.control.behaviour({ unconfirmedMs: 3_000_000 });
    await eventually(() => queued(rig)).toBe(0);
    const { lid } = await sandbox.control.addContact({ number: rig.contact });
    expect(passed("in", /^<ack id="UNHEARD"/)).toEqual([`<ack id="UNHEARD" class="message" to="${lid}@lid"/>`]);
    expect(new Set(rig.texts())).toEqual(new Set(["heard?"]));
    await rig.opened();
    expect(rig.batches.slice(quiet).flatMap(({ captured }) => captured?.kind ?? [])).toEqual([]);
  });
});
