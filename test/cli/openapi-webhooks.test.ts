import { readdir } from "node:fs/promises";

import { expect, test } from "vitest";

import { callbackSchemas } from "#callbacks/catalogue.ts";
import { webhookTypes } from "#callbacks/webhook-types.ts";

import { run, temporaryDirectory } from "./support.ts";

test("openapi --webhook-types: prints the declarations, writes nothing, and needs no server", async () => {
  await using directory = await temporaryDirectory();
  const { code, stdout } = await run(["openapi", "--webhook-types"], { cwd: directory.path });
  expect([code, stdout]).toEqual([0, webhookTypes()]);
  expect(await readdir(directory.path)).toEqual([]);
});

test("openapi --webhook-schemas: prints one JSON Schema with every webhook", async () => {
  await using directory = await temporaryDirectory();
  const { code, stdout } = await run(["openapi", "--webhook-schemas"], { cwd: directory.path });
  const { $defs, anyOf } = JSON.parse(stdout) as { $defs: object; anyOf: readonly { $ref: string }[] };
  expect([code, Object.keys($defs)]).toEqual([0, Object.keys(callbackSchemas())]);
  expect(anyOf.map(({ $ref }) => $ref.replace("#/$defs/", ""))).toEqual(Object.keys($defs));
});
