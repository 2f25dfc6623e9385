import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { initialState, step, type SessionEvent, type SessionState } from "#whatsapp/session-state.ts";
import { long } from "../faults/scale.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 10_000, interval: 5 };

/** What people, WhatsApp and the disk do to a session. */
const commands = ["start", "restart", "stop", "drop", "503", "440", "disk", "says", "sends", "pause"] as const;

interface World {
  readonly rig: SessionRig;
  readonly said: string[];
  readonly sent: string[];
  turn: number;
}

async function perform(world: World, command: (typeof commands)[number]): Promise<void> {
  const { rig } = world;
  const { instanceId, number } = rig;
  world.turn += 1;
  switch (command) {
    case "start":
    case "restart":
    case "stop":
      return await rig.sessions[command](instanceId);
    case "drop":
      return await sandbox.control.addFault({ type: "tcp-drop", match: { number } });
    case "503":
    case "440":
      return await sandbox.control.addFault({ type: "disconnect", match: { number }, code: Number(command) });
    case "disk": {
      let failures = 4;
      rig.authStore.fail = () => (failures-- > 0 ? new WazapiError("storage") : undefined);
      return;
    }
    case "says": {
      const content = { text: `said ${world.turn}` };
      await sandbox.control.contactSend({ number: rig.contact, to: number, content }, rig.signal);
      world.said.push(content.text);
      return;
    }
    case "sends": {
      const messageId = `3EB0PROPERTY${number}${world.turn}`;
      const { outcome } = await rig.sendText(messageId, `sent ${world.turn}`, { ackTimeoutMs: 300 });
      if (outcome === "acked") world.sent.push(messageId);
      return;
    }
    case "pause":
      await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

test("a session: whatever is asked of it and happens to it, there is one socket at most, and what it says is so", async () => {
  const moves = drawnMoves();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...commands), { minLength: 4, maxLength: 14 }), async (script) => {
      await using rig = await openSessionRig(sandbox);
      await rig.pair();
      const { instanceId, sessions } = rig;
      const world: World = { rig, said: [], sent: [], turn: 0 };
      for (const command of script) {
        await perform(world, command);
        const wasOpen = sessions.isOpen(instanceId);
        const { owned, connection } = await sessions.view(instanceId);
        if (wasOpen && sessions.isOpen(instanceId)) expect(connection.state).toBe("connected");
        expect(sandbox.control.state().devices.filter((device) => device.number === rig.number)).toHaveLength(1);
        const lease = await rig.store.leases.get({ name: `instance:${instanceId}` });
        if (owned === (await sessions.view(instanceId)).owned) expect(lease !== undefined).toBe(owned);
      }
      rig.authStore.fail = () => undefined;
      await sandbox.control.clearFaults();
      await sessions.restart(instanceId);
      const stored = async () => (await rig.store.instances.get({ instanceId }))?.connection.state;
      await expect.poll(async () => sessions.isOpen(instanceId) && (await stored()), wait).toBe("connected");
      // The session and its ratchets are whole: everything that was said comes, once and in order, and sends are read.
      await expect.poll(() => new Set(rig.texts()).size, wait).toBe(world.said.length);
      expect([...new Set(rig.texts())]).toEqual(world.said);
      await perform(world, "sends");
      const shown = async () =>
        (await sandbox.control.inbox({ number: rig.contact }, rig.signal)).map(({ messageId }) => messageId);
      await expect.poll(async () => (await shown()).filter((id) => world.sent.includes(id)), wait).toEqual(world.sent);
      const history = (await rig.stateNames()).map((name) => name.split(" ")[0]!);
      for (const [index, to] of history.slice(1).entries()) expect(moves).toContain(`${history[index]} ${to}`);
    }),
    { numRuns: long ? 150 : 4, endOnFailure: true },
  );
}, 600_000);

/** Every change of state that the drawing allows, an effect that could not be performed included. */
function drawnMoves(): ReadonlySet<string> {
  const limits = { maxHeals: 1, now: 0 };
  const codes = [401, 403, 408, 428, 440, 500, 503, 515];
  const events: readonly SessionEvent[] = [
    { type: "start" },
    { type: "restart" },
    { type: "stop", reason: "stopped" },
    { type: "logout" },
    { type: "qrShown" },
    { type: "paired" },
    { type: "opened" },
    { type: "silent" },
    { type: "retryDue" },
    { type: "leaseLost" },
    { type: "storageFailed" },
    ...codes.map((statusCode) => ({ type: "closed" as const, statusCode, stable: false })),
  ];
  const moves = new Set<string>();
  const seen = new Map<string, SessionState>();
  const open = [initialState({ paired: false, state: "unpaired" })];
  for (let now = open.shift(); now !== undefined; now = open.shift()) {
    for (const event of events) {
      const { next } = step(now, event, limits);
      moves.add(`${now.state} ${next.state}`);
      for (const failed of [{ type: "storageFailed" }, { type: "leaseLost" }] as const) {
        moves.add(`${now.state} ${step(next, failed, limits).next.state}`);
      }
      // How often something failed changes waits only.
      const known = { ...next, failures: 0, reason: "", statusCode: 0 };
      const name = JSON.stringify(known);
      if (seen.has(name)) continue;
      seen.set(name, known);
      open.push(known);
    }
  }
  return moves;
}
