import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let rig: SessionRig;
beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox);
  await rig.pair();
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

describe("the own profile", () => {
  it("the about text changes for everybody, and goes away when it is empty", async () => {
    await rig.sessions.setProfile(rig.instanceId, { kind: "about", value: "at work" });
    expect((await rig.sessions.profile(rig.instanceId)).about).toBe("at work");
    await rig.sessions.setProfile(rig.instanceId, { kind: "about", value: "" });
    expect((await rig.sessions.profile(rig.instanceId)).about).toBeUndefined();
  });

  it("an about text that WhatsApp refuses is said so", async () => {
    await sandbox.control.addFault({ type: "iq-error", match: { number: rig.number, xmlns: "w:mex" }, code: 400 });
    await expect(rig.sessions.setProfile(rig.instanceId, { kind: "about", value: "x" })).rejects.toMatchObject({
      code: "send_rejected",
    });
  });
});
