import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { handClock, type HandClock } from "../whatsapp/support.ts";
import { connectClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";

const signal = AbortSignal.timeout(60_000);
let sandbox: Sandbox;
let clock: HandClock;

beforeAll(async () => {
  clock = handClock();
  sandbox = await openTestSandbox({ clock }, { wire: "any" });
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const refusals = () => sandbox.control.trace().refusals.map(({ kind }) => kind);
const refusedSince = (before: number) => refusals().slice(before);
const scan = async (qr: string, number = "5511977770001") => sandbox.control.scan({ number, qr }, signal);

async function shown(client: Client): Promise<string> {
  const { qr = "" } = await client.until((state) => state.qr !== undefined);
  return qr;
}

describe("the life of a QR", () => {
  it.each([
    [0, 59_999, "5511977771001"],
    [1, 79_999, "5511977771002"],
    [5, 159_999, "5511977771003"],
  ])("reference %d is taken until its time is over", async (nth, lastMs, number) => {
    await using client = connectClient(sandbox);
    const qr = await shown(client);
    const first = qr.slice(qr.indexOf("#") + 1).split(",")[0]!;
    const refs = sandbox.control.state().waiting.find((one) => one.refs[0] === first)?.refs ?? [];
    const code = qr.replace(first, refs[nth]!);
    clock.advance(lastMs + 1);
    await expect(scan(code, number)).rejects.toMatchObject({ code: "refused" });
    clock.advance(-1);
    expect(await scan(code, number)).toMatchObject({ number });
  });

  it("is endless when told so", async () => {
    await sandbox.control.behaviour({ qrLife: "endless" });
    await using client = connectClient(sandbox);
    const qr = await shown(client);
    clock.advance(3_600_000);
    expect(await scan(qr, "5511977771009")).toMatchObject({ device: 1 });
    await sandbox.control.behaviour({ qrLife: "timed" });
  });
});

describe("rotation", () => {
  it.each(["companion_reg_refresh", "pair-device-rotate-qr"] as const)(
    "by %s: a client that does not take it shows a dead code, and is named for the ack it owes",
    async (form) => {
      await using client = connectClient(sandbox);
      const qr = await shown(client);
      const before = refusals().length;
      expect(await sandbox.control.rotateQr({ form })).toEqual({ told: 1 });
      await eventually(() => client.stanzas("notification").length).toBe(1);
      const [notice] = client.stanzas("notification");
      expect(notice?.attrs).toMatchObject({ type: "companion_reg_refresh", from: "@s.whatsapp.net" });
      expect(notice?.content).toMatchObject([{ tag: form }]);
      await expect(scan(qr)).rejects.toMatchObject({ code: "refused" });
      await expect(scan(qr)).rejects.toMatchObject({ code: "refused" });
      expect(refusedSince(before)).toEqual(["missing-ack"]);
      expect(client.sock.ws.isOpen).toBe(true);
    },
  );

  it("a client that acknowledges twice is named, too", async () => {
    await using client = connectClient(sandbox);
    await shown(client);
    const before = refusals().length;
    await sandbox.control.rotateQr();
    await eventually(() => client.stanzas("notification").length).toBe(1);
    const [notice] = client.stanzas("notification");
    const { id = "", from = "", type = "" } = notice?.attrs ?? {};
    const ack = { tag: "ack", attrs: { class: "notification", id, to: from, type } };
    await client.sock.sendNode(ack);
    await client.sock.sendNode(ack);
    await eventually(() => refusedSince(before)).toEqual(["double-ack"]);
  });

  it("with acks ignored the code stays alive for a client that takes no rotation", async () => {
    await sandbox.control.behaviour({ earlyAcks: "ignored" });
    await using client = connectClient(sandbox);
    const qr = await shown(client);
    const before = refusals().length;
    await sandbox.control.rotateQr();
    expect(await scan(qr, "5511977770009")).toMatchObject({ device: 1 });
    expect(refusedSince(before)).toEqual([]);
    await sandbox.control.behaviour({ earlyAcks: "demanded" });
  });

  it("tells nobody when nobody shows a code", async () => {
    expect(await sandbox.control.rotateQr()).toEqual({ told: 0 });
  });
});
