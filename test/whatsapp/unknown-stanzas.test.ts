import { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import { confirmUnknown } from "#whatsapp/intake/unknown-stanzas.ts";
import { handClock, settled } from "./support.ts";

function watched() {
  const ws = new EventEmitter();
  const steps: string[] = [];
  const lines: unknown[] = [];
  confirmUnknown({
    ws,
    journal: async (entries) => void steps.push(`kept ${entries.length}`),
    forward: async ({ attrs }) => void steps.push(`handed on ${attrs["id"]}`),
    ack: async ({ attrs }) => void steps.push(`confirmed ${attrs["id"]}`),
    clock: handClock(),
    log: { ...silentLog, warn: (fields, message) => void lines.push([fields, message]) },
  });
  const arrive = (tag: string, attrs: BinaryNode["attrs"]): void => void ws.emit("frame", { tag, attrs });
  return { steps, lines, arrive };
}

it("a stanza of an unknown kind is kept, handed on and confirmed in this order, and its kind is logged once", async () => {
  const { steps, lines, arrive } = watched();
  for (const id of ["1", "2", "3"]) arrive("newthing", { id, from: "s.whatsapp.net" });
  arrive("otherthing", { id: "4", from: "s.whatsapp.net" });
  await settled();
  expect(steps).toEqual(["1", "2", "3", "4"].flatMap((id) => ["kept 1", `handed on ${id}`, `confirmed ${id}`]));
  expect(lines).toEqual([
    [{ tag: "newthing" }, expect.any(String)],
    [{ tag: "otherthing" }, expect.any(String)],
  ]);
});

it("what has no id is owed nothing, and what Baileys knows is its own", async () => {
  const { steps, lines, arrive } = watched();
  arrive("newthing", { from: "s.whatsapp.net" });
  for (const tag of ["message", "status", "receipt", "notification", "call", "iq", "ack", "ib"]) {
    arrive(tag, { id: "1", from: "s.whatsapp.net" });
  }
  await settled();
  expect([steps, lines.length]).toEqual([[], 1]);
});
