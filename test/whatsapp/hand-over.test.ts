import { expect, it } from "vitest";
import type { LiveSocket } from "#whatsapp/live-socket.ts";
import { createReaders } from "#whatsapp/addressing/readers.ts";
import { handOver, type HandOver } from "#whatsapp/send/hand-over.ts";

const own = { id: "5511900000001:7@s.whatsapp.net", lid: "777:7@lid" };
const ana = "888@lid";
const group = "120363000000000001@g.us";

/** A socket to whom WhatsApp names a device of everybody, and which encrypts for these devices only. */
function socketFor(encrypted: readonly string[], given: Readonly<Record<string, boolean>> = {}) {
  const readers = createReaders();
  const forgotten: string[] = [];
  const written: string[] = [];
  const socket = {
    own: () => own,
    readers,
    groups: { get: async () => ({ participants: [{ id: "777@lid" }, { id: ana }] }) },
    pastStaleDevices: async (_to: unknown, send: () => Promise<string>) => await send(),
    sock: {
      getUSyncDevices: async (jids: readonly string[]) =>
        jids.map((jid) => ({ jid, user: jid.replace(/@.*/, ""), device: 0 })),
      userDevicesCache: { del: async (user: string) => void forgotten.push(user) },
      authState: { keys: { get: async () => ({ [group]: given }) } },
      relayMessage: async (jid: string) => {
        written.push(jid);
        for (const device of encrypted) readers.note(device);
        return "ID";
      },
    },
  };
  return { socket: socket as unknown as LiveSocket, forgotten, written };
}

const composed = { message: { message: {} }, nodes: [], attributes: {} } as unknown as HandOver["composed"];
const to = (jid: string, more: Partial<HandOver> = {}): HandOver => ({
  address: jid === ana ? { jid, chat: jid, person: { form: "lid", names: { lid: jid } } } : { jid, chat: jid },
  composed,
  messageId: "ID",
  ...more,
});

it.each([
  ["one person", to(ana), ["777:3@lid"], {}],
  ["a group whose members never got the key", to(group), ["777:3@lid"], { "777:3@lid": true }],
  ["a group whose member was given one that is worthless now", to(group), [], { "888:0@lid": false }],
  ["a post", to("status@broadcast", { audience: ["777@lid", ana] }), ["777:3@lid"], { "888:0@lid": true }],
])("%s: nobody but own devices could read what was written, although others have devices", async (...row) => {
  const [, what, encrypted, given] = row;
  const { socket, forgotten, written } = socketFor(encrypted, given);
  await expect(handOver(socket, what)).rejects.toMatchObject({ code: "send_unreadable" });
  expect([written.length, forgotten]).toEqual([1, ["888"]]);
});

it.each([
  ["one person", to(ana), ["888:0@lid"], {}],
  ["a group by a key of before", to(group), [], { "888:0@lid": true }],
])("%s can read it", async (_name, what, encrypted, given) => {
  const { socket } = socketFor(encrypted, given);
  expect([...(await handOver(socket, what))]).toEqual(encrypted);
});
