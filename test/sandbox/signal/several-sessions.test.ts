import { randomBytes } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import { quietLibsignal } from "#lib/quiet-libsignal.ts";
import { createSimDevice } from "#sandbox/signal/sim-device.ts";
import { createBaileysSignal } from "./baileys-signal.ts";

beforeAll(() => quietLibsignal());

it("sim device: a message on an older session leaves the newer one as it was", async () => {
  const contact = "5511900000001@s.whatsapp.net";
  const companion = "5511900000009@s.whatsapp.net:1";
  const device = createSimDevice({ seed: randomBytes(32), deviceId: 0 });
  const baileys = createBaileysSignal();
  const receive = async (sent: { readonly type: string; readonly ciphertext: Uint8Array }) =>
    (await device.decrypt(companion, sent.type, sent.ciphertext)).conversation;
  await baileys.inject(contact, device.takeBundle());
  expect(await receive(await baileys.encrypt(contact, { conversation: "one" }))).toBe("one");
  await baileys.decrypt(contact, await device.encrypt(companion, { conversation: "answer" }));
  await device.openSession(companion, await baileys.bundle());
  const opening = await device.encrypt(companion, { conversation: "anew" });
  // On its way while the device has opened a newer session.
  const late = await baileys.encrypt(contact, { conversation: "late" });
  expect(late.type).toBe("msg");
  expect(await receive(late)).toBe("late");
  await baileys.decrypt(contact, opening);
  expect(await receive(await baileys.encrypt(contact, { conversation: "on the new one" }))).toBe("on the new one");
});
