import { randomInt } from "node:crypto";
import { expect } from "vitest";
import type { Outgoing } from "#domain/content.ts";
import type { SendResult } from "#domain/session.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { UnknownWire } from "#whatsapp/unknown-wire.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let serial = 0;
export const wait = { timeout: 8_000 };
const nextId = (): string => `3EB0ADDR${String((serial += 1)).padStart(4, "0")}`;
export const stranger = (): string => `55317${randomInt(10_000_000, 99_999_999)}`;
export const pnOf = (number: string): string => `${number}@s.whatsapp.net`;

/** Accounts of one sandbox, what they send, and where it went. */
export function addressingTools(open: () => Sandbox) {
  /** A linked account whose chats are kept by LID, or by number. */
  async function account(lidMigrated: boolean, seen: UnknownWire[] = []): Promise<SessionRig> {
    const rig = await openSessionRig(open(), {}, { unknownWire: (one) => void seen.push(one) });
    await open().control.migrate({ number: rig.number, lidMigrated });
    await rig.pair();
    return rig;
  }

  async function send(rig: SessionRig, to: string, more: Partial<Outgoing> = {}): Promise<SendResult & { id: string }> {
    const id = nextId();
    const result = await rig.sessions.send(
      {
        instanceId: rig.instanceId,
        messageId: id,
        ackTimeoutMs: 5_000,
        outgoing: { to, content: { kind: "text", text: `text ${id}` }, options: {}, ...more },
      },
      AbortSignal.timeout(10_000),
    );
    return { ...result, id };
  }

  const lidOf = async (number: string): Promise<string> => `${(await open().control.addContact({ number })).lid}@lid`;

  /** The `to` of every try of this message, in order. */
  function tries(id: string): string[] {
    const stanzas = open()
      .control.trace()
      .stanzas.filter(({ direction, stanza }) => {
        return direction === "in" && stanza.startsWith("<message ") && stanza.includes(`id="${id}"`);
      });
    return stanzas.map(({ stanza }) => / to="([^"]+)"/.exec(stanza)?.[1] ?? "");
  }

  async function has(number: string, id: string): Promise<boolean> {
    const inbox = await open().control.inbox({ number }, AbortSignal.timeout(5_000));
    return inbox.some(({ messageId }) => messageId === id);
  }

  async function arrived(number: string, id: string): Promise<void> {
    await expect.poll(() => has(number, id), wait).toBe(true);
  }
  return { account, send, lidOf, tries, arrived };
}
