import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { EventRow } from "#store/records.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openEngineRig } from "./engine-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

it("an event that no body can be made of is shown without one, so nobody who reads events is stuck at it", async () => {
  await using rig = await openEngineRig(sandbox);
  const event: EventRow = {
    eventId: "broken",
    instanceId: rig.instanceId,
    sequence: 1,
    position: 1,
    kind: "message",
    type: "ReceivedCallback",
    occurredAt: 1,
    createdAt: 1,
    captured: '{"kind":"message"}',
  };
  await expect(rig.engine().http.renderEvent(event)).resolves.toBeUndefined();
  expect(rig.logged).toContainEqual(
    expect.objectContaining({ level: "error", fields: expect.objectContaining({ eventId: "broken" }) }),
  );
});
