import { expect, test } from "vitest";
import { refuseOtherWorld } from "#engine.ts";
import { type Connection, defaultInstanceSettings } from "#domain/instance.ts";
import type { Store } from "#store/store.ts";
import { openTestStore } from "../support/store.ts";

async function withInstance(connection: Connection): Promise<Store> {
  const store = await openTestStore();
  await store.instances.create({
    instance: {
      id: "A".repeat(32),
      name: "main",
      token: "TOKEN",
      settings: defaultInstanceSettings,
      hooks: {},
      furtherHooks: [],
      subscription: { state: "active" },
      webhookSecrets: [],
      connection,
      createdAt: 0,
      updatedAt: 0,
    },
  });
  return store;
}

const linked: Connection = { state: "connected", at: 0, phone: "5511999990000" };

test.each([
  { name: "a real number in the sandbox", connection: linked, kind: "sandbox", refused: true },
  {
    name: "a number of the sandbox at the real WhatsApp",
    connection: { ...linked, simulated: true },
    kind: "real",
    refused: true,
  },
  { name: "a real number at the real WhatsApp", connection: linked, kind: "real", refused: false },
  {
    name: "a number of the sandbox there",
    connection: { ...linked, simulated: true },
    kind: "sandbox",
    refused: false,
  },
  { name: "an instance without a number", connection: { state: "unpaired", at: 0 }, kind: "sandbox", refused: false },
] as const)("worlds are kept apart: $name", async ({ connection, kind, refused }) => {
  await using store = await withInstance(connection);
  const opening = refuseOtherWorld(store, kind);
  if (refused)
    await expect(opening).rejects.toMatchObject({
      code: "invalid_config",
      message: expect.stringContaining("main is linked"),
    });
  else await opening;
});
