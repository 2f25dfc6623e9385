import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Behaviour } from "#sandbox/control.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { addressingTools, pnOf, stranger, wait } from "./addressing-tools.ts";
import type { SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let strict: Behaviour;
beforeAll(async () => {
  sandbox = await openTestSandbox();
  strict = sandbox.control.state().behaviour;
});
afterAll(() => sandbox[Symbol.asyncDispose]());
afterEach(async () => {
  await sandbox.control.behaviour(strict);
  await sandbox.control.clearFaults();
});

const { account, send, lidOf, tries, arrived } = addressingTools(() => sandbox);

describe.each([true, false])("an account that was migrated to LIDs: %s", (lidMigrated) => {
  let rig: SessionRig;
  beforeAll(async () => void (rig = await account(lidMigrated)));
  afterAll(() => rig[Symbol.asyncDispose]());

  it("writes to somebody it knows by the right name at once", async () => {
    const { contact } = rig;
    await sandbox.control.contactSend({ number: contact, to: rig.number, content: { text: "first" } }, rig.signal);
    await expect.poll(() => rig.texts(), wait).toContain("first");
    const result = await send(rig, pnOf(contact));
    expect(result).toMatchObject({ outcome: "acked", chatId: pnOf(contact), senderId: pnOf(rig.number) });
    expect(tries(result.id)).toEqual([lidMigrated ? await lidOf(contact) : pnOf(contact)]);
    await arrived(contact, result.id);
  });

  it("writes to a stranger by the right name at once", async () => {
    const number = stranger();
    const result = await send(rig, pnOf(number));
    expect(result).toMatchObject({ outcome: "acked", chatId: pnOf(number) });
    expect(tries(result.id)).toEqual([lidMigrated ? await lidOf(number) : pnOf(number)]);
    await arrived(number, result.id);
  });

  it("writes to somebody named by LID", async () => {
    const number = stranger();
    const lid = await lidOf(number);
    await sandbox.control.contactSend({ number, to: rig.number, content: { text: "known" } }, rig.signal);
    await expect.poll(() => rig.texts().filter((text) => text === "known").length, wait).toBeGreaterThan(0);
    const result = await send(rig, lid);
    expect(result).toMatchObject({ outcome: "acked" });
    expect(tries(result.id)).toEqual([lidMigrated ? lid : pnOf(number)]);
    await arrived(number, result.id);
  });

  it("writes to itself", async () => {
    const result = await send(rig, pnOf(rig.number));
    expect(result).toMatchObject({ outcome: "acked", chatId: pnOf(rig.number) });
  });

  it.each(["lid", "pn"] as const)("writes to a group whose members are named by %s", async (addressing) => {
    const member = stranger();
    const { id } = await sandbox.control.createGroup({
      subject: "g",
      participants: [rig.number, member],
      owner: rig.number,
      addressing,
    });
    const result = await send(rig, id);
    expect(result).toMatchObject({ outcome: "acked", chatId: id });
    expect(tries(result.id)).toEqual([id]);
    await arrived(member, result.id);
  });

  it("posts a status that its contacts can read", async () => {
    await rig.store.directory.putContacts({
      instanceId: rig.instanceId,
      contacts: [{ contactId: pnOf(rig.contact), name: "Bob" }],
    });
    const result = await send(rig, "status@broadcast");
    expect(result).toMatchObject({ outcome: "acked", chatId: "status@broadcast" });
    expect(tries(result.id)).toHaveLength(1);
    await arrived(rig.contact, result.id);
  });

  it("posts a status that people can read whose LID nobody has told yet", async () => {
    const number = stranger();
    await rig.store.directory.putContacts({
      instanceId: rig.instanceId,
      contacts: [{ contactId: pnOf(number), name: "New" }],
    });
    const result = await send(rig, "status@broadcast");
    expect(result).toMatchObject({ outcome: "acked" });
    expect(tries(result.id)).toHaveLength(1);
    await arrived(number, result.id);
  });

  it("names the number beside each LID", () => {
    expect(sandbox.control.trace().lapses.filter(({ number }) => number === rig.number)).toEqual([]);
  });
});

describe("an account of which nothing is known", () => {
  let rig: SessionRig;
  beforeEach(async () => {
    rig = await account(true);
    // As one that was linked before anybody asked for it.
    const keys = await import("#whatsapp/addressing/migration.ts");
    const { creds } = rig.sessions.openSocket(rig.instanceId)!.sock.authState;
    expect(keys.migrationOf(creds)).toMatchObject({ migrated: true, told: true });
    delete creds.additionalData;
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it("is refused the number once (463), takes the LID under the same id, and remembers it for every chat", async () => {
    await sandbox.control.behaviour({ numberDevices: "listed" });
    const [one, two] = [stranger(), stranger()];
    const first = await send(rig, pnOf(one));
    expect(first.outcome).toBe("acked");
    expect(tries(first.id)).toEqual([pnOf(one), await lidOf(one)]);
    await arrived(one, first.id);
    const next = await send(rig, pnOf(one));
    expect(tries(next.id)).toEqual([await lidOf(one)]);
    const other = await send(rig, pnOf(two));
    expect(tries(other.id)).toEqual([await lidOf(two)]);
  });

  it("still remembers it after a restart", async () => {
    const number = stranger();
    await send(rig, pnOf(number));
    await rig.sessions.restart(rig.instanceId);
    await rig.opened();
    delete rig.sessions.openSocket(rig.instanceId)!.sock.authState.creds.additionalData;
    const after = await send(rig, pnOf(number));
    expect(tries(after.id)).toEqual([await lidOf(number)]);
  });

  it("is told no device of a number: nothing is sent until the LID names them (no SENT without a reader)", async () => {
    await sandbox.control.behaviour({ addressing: "any" });
    const number = stranger();
    const result = await send(rig, pnOf(number));
    expect(result.outcome).toBe("acked");
    expect(tries(result.id)).toEqual([await lidOf(number)]);
    await arrived(number, result.id);
  });

  it("a post that names people by number is refused (479) and goes by LID", async () => {
    await rig.store.directory.putContacts({
      instanceId: rig.instanceId,
      contacts: [{ contactId: pnOf(rig.contact), name: "Bob" }],
    });
    const result = await send(rig, "status@broadcast");
    expect(result.outcome).toBe("acked");
    expect(tries(result.id)).toEqual(["status@broadcast", "status@broadcast"]);
    await arrived(rig.contact, result.id);
  });
});

describe("an account that is taken for migrated and is not", () => {
  it.each(["somebody new", "somebody who wrote"])(
    "%s: is refused the LID once (400), takes the number under the same id, and remembers it",
    async (who) => {
      await using rig = await account(false);
      // As it was seen once, before the account moved back.
      const { creds } = rig.sessions.openSocket(rig.instanceId)!.sock.authState;
      creds.additionalData = { lidMigration: { migrated: true, at: 1, told: false } };
      const number = stranger();
      if (who === "somebody who wrote") {
        await sandbox.control.contactSend(
          { number, to: rig.number, content: { text: "first" }, addressing: "lid" },
          rig.signal,
        );
        await expect.poll(() => rig.texts(), wait).toContain("first");
      }
      const first = await send(rig, pnOf(number));
      expect(first.outcome).toBe("acked");
      expect(tries(first.id)).toEqual([await lidOf(number), pnOf(number)]);
      await arrived(number, first.id);
      const next = await send(rig, pnOf(number));
      expect(tries(next.id)).toEqual([pnOf(number)]);
    },
  );
});

describe("nobody to encrypt for", () => {
  it.each(["one person", "a group"])("%s: nothing is sent, and it is said so", async (what) => {
    await using rig = await account(true);
    const number = stranger();
    await sandbox.control.addContact({ number, devices: 0 });
    const to =
      what === "a group"
        ? (await sandbox.control.createGroup({ subject: "g", participants: [rig.number, number] })).id
        : pnOf(number);
    const result = await send(rig, to);
    expect(result).toMatchObject({ outcome: "unknown", kind: "unreadable" });
    expect(tries(result.id)).toEqual([]);
    await sandbox.control.addContact({ number, devices: 1 });
    const again = await send(rig, to);
    expect(again.outcome).toBe("acked");
    await arrived(number, again.id);
  });

  it("a post whose readers all have no name that the account may use is not told as sent", async () => {
    await using rig = await account(true);
    await rig.store.directory.putContacts({
      instanceId: rig.instanceId,
      contacts: [{ contactId: pnOf(stranger()), name: "New" }],
    });
    const { lidMapping } = rig.sessions.openSocket(rig.instanceId)!.sock.signalRepository;
    // As a server answers that tells nobody's LID.
    lidMapping.getLIDsForPNs = async () => null;
    const result = await send(rig, "status@broadcast");
    expect(result.outcome).not.toBe("acked");
  });

  it("a server that names people by pn_jid alone is understood", async () => {
    await using rig = await account(false);
    await sandbox.control.behaviour({ usyncName: "pn_jid" });
    const number = stranger();
    const result = await send(rig, pnOf(number));
    expect(result.outcome).toBe("acked");
    await arrived(number, result.id);
  });
});

describe("an account that is migrated while it is connected", () => {
  it("learns it from its phone, and its old chats go on by LID", async () => {
    await using rig = await account(false);
    const number = stranger();
    const before = await send(rig, pnOf(number));
    expect(tries(before.id)).toEqual([pnOf(number)]);
    await sandbox.control.migrate({ number: rig.number, lidMigrated: true });
    const { migrationOf } = await import("#whatsapp/addressing/migration.ts");
    const { creds } = rig.sessions.openSocket(rig.instanceId)!.sock.authState;
    await expect.poll(() => migrationOf(creds), wait).toMatchObject({ migrated: true });
    const after = await send(rig, pnOf(number));
    expect(tries(after.id)).toEqual([await lidOf(number)]);
    await arrived(number, after.id);
  });
});
