import { expect, it } from "vitest";
import { eventually } from "../../sandbox/eventually.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { openSessionRig } from "../session-rig.ts";

it("a connection that offers QR codes lives until the last of them: it was let in", async () => {
  await using sandbox = await openTestSandbox();
  // A connection that nobody answers is given up after twice the first time; all QR codes together take longer.
  await using rig = await openSessionRig(sandbox, { connectTimeoutMs: 1_200, qrTimeoutMs: 500 });
  await rig.sessions.qr(rig.instanceId, rig.signal);
  await eventually(async () => (await rig.stateNames()).at(-1)).toBe("unpaired qr_expired");
  expect(await rig.stateNames()).toEqual(["pairing start", "unpaired qr_expired"]);
});
