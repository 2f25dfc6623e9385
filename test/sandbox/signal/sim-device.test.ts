import { randomBytes } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { beforeAll, describe, expect, it } from "vitest";
import { quietLibsignal } from "#lib/quiet-libsignal.ts";
import { isSigned, signalKey } from "#sandbox/signal/curve.ts";
import { createSimDevice, restoreSimDevice, type SimDevice, type SimDeviceState } from "#sandbox/signal/sim-device.ts";
import { createBaileysSignal } from "./baileys-signal.ts";

beforeAll(() => quietLibsignal());

const contactJid = "5511900000001@s.whatsapp.net";
const contact = `${contactJid}:0`;
const companion = "5511900000009@s.whatsapp.net:1";
const companionJid = "5511900000009:1@s.whatsapp.net";
const group = "120363000000000001@g.us";

const newDevice = (seed: Uint8Array = randomBytes(32)): SimDevice => createSimDevice({ seed, deviceId: 0 });
const textOf = (message: proto.IMessage): string | null | undefined => message.conversation;

describe("sim device and Baileys", () => {
  it("decrypt each other both ways, first as pkmsg, then as msg", async () => {
    const device = newDevice();
    const baileys = createBaileysSignal();
    await baileys.inject(contactJid, device.takeBundle());
    const first = await baileys.encrypt(contactJid, { conversation: "one" });
    expect(first.type).toBe("pkmsg");
    expect(textOf(await device.decrypt(companion, first.type, first.ciphertext))).toBe("one");

    const answer = await device.encrypt(companion, { conversation: "two" });
    expect(answer.type).toBe("msg");
    expect(textOf(await baileys.decrypt(contactJid, answer))).toBe("two");

    const second = await baileys.encrypt(contactJid, { conversation: "three" });
    expect(second.type).toBe("msg");
    expect(textOf(await device.decrypt(companion, second.type, second.ciphertext))).toBe("three");
  });

  it.each(["with", "without"])("the device begins, %s a one-time pre-key", async (which) => {
    const device = newDevice();
    const baileys = createBaileysSignal();
    const { preKey, ...bare } = await baileys.bundle();
    await device.openSession(companion, which === "with" && preKey !== undefined ? { ...bare, preKey } : bare);
    const first = await device.encrypt(companion, { conversation: "hello" });
    expect(first.type).toBe("pkmsg");
    expect(textOf(await baileys.decrypt(contactJid, first))).toBe("hello");
    const answer = await baileys.encrypt(contactJid, { conversation: "hi" });
    expect(textOf(await device.decrypt(companion, answer.type, answer.ciphertext))).toBe("hi");
    expect((await device.encrypt(companion, { conversation: "again" })).type).toBe("msg");
  });

  it("a message that was tampered with is refused and leaves the session as it was", async () => {
    const device = newDevice();
    const baileys = createBaileysSignal();
    await baileys.inject(contactJid, device.takeBundle());
    const opening = await baileys.encrypt(contactJid, { conversation: "one" });
    await device.decrypt(companion, opening.type, opening.ciphertext);
    await baileys.decrypt(contactJid, await device.encrypt(companion, { conversation: "two" }));

    const sent = await baileys.encrypt(contactJid, { conversation: "three" });
    const before = JSON.stringify(device.snapshot());
    const damaged = Buffer.from(sent.ciphertext);
    damaged[damaged.length - 12] = (damaged.at(-12) ?? 0) ^ 1;
    await expect(device.decrypt(companion, sent.type, damaged)).rejects.toMatchObject({ code: "refused" });
    expect(JSON.stringify(device.snapshot())).toBe(before);
    expect(textOf(await device.decrypt(companion, sent.type, sent.ciphertext))).toBe("three");
    // The same message a second time is no message.
    await expect(device.decrypt(companion, sent.type, sent.ciphertext)).rejects.toMatchObject({ code: "refused" });
  });

  it("a one-time pre-key works once", async () => {
    const device = newDevice();
    const bundle = device.takeBundle();
    const [one, two] = [createBaileysSignal(), createBaileysSignal()];
    await one.inject(contactJid, bundle);
    await two.inject(contactJid, bundle);
    const first = await one.encrypt(contactJid, { conversation: "one" });
    const second = await two.encrypt(contactJid, { conversation: "two" });
    await device.decrypt(companion, first.type, first.ciphertext);
    const other = "5511900000010@s.whatsapp.net:1";
    await expect(device.decrypt(other, second.type, second.ciphertext)).rejects.toMatchObject({ code: "refused" });
  });

  it("group messages both ways; a member that joins later reads from then on", async () => {
    const device = newDevice();
    const late = newDevice();
    const baileys = createBaileysSignal();
    const texts: (string | null | undefined)[] = [];
    await baileys.processSenderKey(group, contactJid, await device.senderKey(group, contact));
    for (const conversation of ["a", "b", "c"]) {
      texts.push(
        textOf(
          await baileys.decryptGroup(group, contactJid, await device.encryptGroup(group, contact, { conversation })),
        ),
      );
    }
    await late.processSenderKey(group, contact, await device.senderKey(group, contact));
    const fourth = await device.encryptGroup(group, contact, { conversation: "d" });
    texts.push(textOf(await late.decryptGroup(group, contact, fourth)));
    expect(texts).toEqual(["a", "b", "c", "d"]);

    const { senderKey } = await baileys.encryptGroup(group, companionJid, { conversation: "unused" });
    await device.processSenderKey(group, companion, senderKey);
    const back = await baileys.encryptGroup(group, companionJid, { conversation: "back" });
    expect(textOf(await device.decryptGroup(group, companion, back.ciphertext))).toBe("back");
    await expect(device.decryptGroup(group, companion, back.ciphertext)).rejects.toMatchObject({ code: "refused" });
    await expect(late.decryptGroup(group, companion, back.ciphertext)).rejects.toMatchObject({ code: "refused" });
  });

  it("a group message with a wrong signature is refused", async () => {
    const [sender, receiver] = [newDevice(), newDevice()];
    await receiver.processSenderKey(group, contact, await sender.senderKey(group, contact));
    const sent = Buffer.from(await sender.encryptGroup(group, contact, { conversation: "x" }));
    const damaged = Buffer.from(sent);
    damaged[10] = (damaged[10] ?? 0) ^ 1;
    await expect(receiver.decryptGroup(group, contact, damaged)).rejects.toMatchObject({ code: "refused" });
    expect(textOf(await receiver.decryptGroup(group, contact, sent))).toBe("x");
  });
});

describe("sender keys", () => {
  it("messages in another order are read once each, and a receiver's snapshot does not grow", async () => {
    const [sender, receiver] = [newDevice(), newDevice()];
    await receiver.processSenderKey(group, contact, await sender.senderKey(group, contact));
    const sent: Uint8Array[] = [];
    for (const conversation of ["a", "b", "c", "d"]) {
      sent.push(await sender.encryptGroup(group, contact, { conversation }));
    }
    const read: (string | null | undefined)[] = [];
    for (const n of [2, 0, 3, 1]) read.push(textOf(await receiver.decryptGroup(group, contact, sent[n]!)));
    expect(read).toEqual(["c", "a", "d", "b"]);
    for (const one of sent) {
      await expect(receiver.decryptGroup(group, contact, one)).rejects.toMatchObject({ code: "refused" });
    }
    for (let n = 0; n < 130; n += 1) await sender.encryptGroup(group, contact, { conversation: "skipped" });
    await receiver.decryptGroup(group, contact, await sender.encryptGroup(group, contact, { conversation: "last" }));
    const [record = ""] = Object.values(receiver.snapshot().senderKeys);
    expect((JSON.parse(record) as { senderMessageKeys: unknown[] }[])[0]!.senderMessageKeys).toHaveLength(100);
  });
});

describe("sim devices among themselves", () => {
  it("a device refuses a bundle whose signature is not of its identity", async () => {
    const bundle = newDevice().takeBundle();
    const signature = Buffer.from(bundle.signedPreKey.signature);
    signature[5] = (signature[5] ?? 0) ^ 1;
    const forged = { ...bundle, signedPreKey: { ...bundle.signedPreKey, signature } };
    const device = newDevice();
    await expect(device.openSession(companion, forged)).rejects.toMatchObject({ code: "refused" });
    await expect(
      device.openSession(companion, { ...bundle, identity: newDevice().identityPublic }),
    ).rejects.toMatchObject({
      code: "refused",
    });
    expect(device.hasSession(companion)).toBe(false);
  });

  it("keys follow from the seed, and from the number of the device", () => {
    const seed = randomBytes(32);
    const [one, again] = [newDevice(seed), newDevice(seed)];
    const second = createSimDevice({ seed, deviceId: 1 });
    const { preKey: _one, ...first } = one.takeBundle();
    const { preKey: _again, ...same } = again.takeBundle();
    expect(first).toEqual(same);
    expect(second.identityPublic).not.toEqual(one.identityPublic);
    expect(isSigned(first.identity, signalKey(first.signedPreKey.publicKey), first.signedPreKey.signature)).toBe(true);
  });

  it("a bundle never repeats its one-time pre-key", () => {
    const device = newDevice();
    const ids = Array.from({ length: 20 }, () => device.takeBundle().preKey?.id);
    expect(new Set(ids).size).toBe(20);
  });

  it("sessions are kept per address: a number and a LID with the same digits are two", async () => {
    const [device, other] = [newDevice(), newDevice()];
    await device.openSession("123@s.whatsapp.net:1", other.takeBundle());
    expect(device.hasSession("123@lid:1")).toBe(false);
    expect(device.hasSession("123@s.whatsapp.net:1")).toBe(true);
    await expect(device.encrypt("123@lid:1", { conversation: "x" })).rejects.toMatchObject({ code: "not_found" });
    expect(() => device.hasSession("123@g.us:1")).toThrow(/no address/);
  });

  it("a dropped session stays dropped, even while it is being used", async () => {
    const [device, other] = [newDevice(), newDevice()];
    await device.openSession(companion, other.takeBundle());
    const sending = device.encrypt(companion, { conversation: "x" });
    // The operation runs now: it has read the session and not yet written it.
    await Promise.resolve();
    device.dropSession(companion);
    await sending.catch(() => {});
    expect(device.hasSession(companion)).toBe(false);
    await device.openSession(companion, other.takeBundle());
    expect(device.hasSession(companion)).toBe(true);
  });

  it("callers at the same time do not spoil a ratchet", async () => {
    const [device, other] = [newDevice(), newDevice()];
    await device.openSession(companion, other.takeBundle());
    const texts = Array.from({ length: 20 }, (_, n) => `m${n}`);
    const sent = await Promise.all(texts.map(async (conversation) => device.encrypt(companion, { conversation })));
    const got = await Promise.all(sent.map(async ({ type, ciphertext }) => other.decrypt(contact, type, ciphertext)));
    expect(got.map(textOf)).toEqual(texts);
  });

  it("a snapshot is plain JSON from which everything goes on", async () => {
    const [device, other] = [newDevice(), newDevice()];
    await device.openSession(companion, other.takeBundle());
    const first = await device.encrypt(companion, { conversation: "one" });
    await other.decrypt(contact, first.type, first.ciphertext);
    await other.processSenderKey(group, contact, await device.senderKey(group, contact));
    await other.decryptGroup(group, contact, await device.encryptGroup(group, contact, { conversation: "g" }));

    const revive = (one: SimDevice): SimDevice =>
      restoreSimDevice(JSON.parse(JSON.stringify(one.snapshot())) as SimDeviceState);
    const [device2, other2] = [revive(device), revive(other)];
    expect(device2.identityPublic).toEqual(device.identityPublic);
    const answer = await other2.encrypt(contact, { conversation: "two" });
    expect(textOf(await device2.decrypt(companion, answer.type, answer.ciphertext))).toBe("two");
    const message = await device2.encryptGroup(group, contact, { conversation: "h" });
    expect(textOf(await other2.decryptGroup(group, contact, message))).toBe("h");
    expect(device2.takeBundle().preKey?.id).toBe(device.takeBundle().preKey?.id);
  });

  it("a sender's snapshot does not grow with its messages", async () => {
    const device = newDevice();
    await device.encryptGroup(group, contact, { conversation: "first" });
    const before = JSON.stringify(device.snapshot()).length;
    for (let n = 0; n < 5; n += 1) await device.encryptGroup(group, contact, { conversation: "more" });
    expect(JSON.stringify(device.snapshot()).length).toBeLessThan(before + 10);
  });
});
