import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";

import { callbackSchemas } from "#callbacks/catalogue.ts";
import { webhookSchema } from "#callbacks/webhook-schema.ts";
import { webhookTypes } from "#callbacks/webhook-types.ts";
import type { Captured } from "#domain/captured.ts";

import { projectRoot } from "../support/processes.ts";
import { parseFixture } from "./fixture-world.ts";

/** What is given to customers: the payloads of the fixtures are what they have to describe. */
const here = new URL(".", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, here), "utf8");
const fixtures = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: type }) =>
    readdirSync(new URL(`${type}/`, here))
      .filter((file) => file.endsWith(".payload.json"))
      .map((file) => {
        const variant = file.replace(".payload.json", "");
        const captured = parseFixture(read(`${type}/${variant}.captured.json`)) as Captured;
        return { type, variant, captured, name: nameOf(type, captured), text: read(`${type}/${file}`) };
      }),
  );

/** Name of the webhook in the OpenAPI document. */
function nameOf(type: string, captured: Captured): string {
  if (captured.kind === "message") return `${type}.${captured.content.type}`;
  if (captured.kind === "notification") return `${type}.${captured.name}`;
  return captured.kind === "waiting" ? `${type}.waiting` : type;
}

const exported = webhookSchema() as { readonly $defs: Readonly<Record<string, { readonly required?: string[] }>> };
// What was exported is read back as a stranger would: from its text.
const validatorOf = (name: string): z.ZodType =>
  z.fromJSONSchema(JSON.parse(JSON.stringify(exported.$defs[name])) as Parameters<typeof z.fromJSONSchema>[0]);

test("openapi.json: has every webhook", () => {
  const { webhooks } = JSON.parse(readFileSync(join(projectRoot, "openapi.json"), "utf8")) as { webhooks: object };
  expect(Object.keys(webhooks)).toEqual(Object.keys(callbackSchemas()));
});

describe.each(fixtures)("$type $variant", ({ name, text }) => {
  test("obeys the exported JSON Schema of its name", () => {
    expect(validatorOf(name).safeParse(JSON.parse(text)).error).toBeUndefined();
  });

  test("does not obey it without one of its required keys", () => {
    const validator = validatorOf(name);
    const accepted = (exported.$defs[name]?.required ?? []).filter((key) => {
      const { [key]: _dropped, ...rest } = JSON.parse(text) as Record<string, unknown>;
      return validator.safeParse(rest).success;
    });
    expect(accepted).toEqual([]);
  });
});

test("webhooks.d.ts: is what the schemas say now", async () => {
  expect(await readFile(join(projectRoot, "webhooks.d.ts"), "utf8")).toBe(webhookTypes());
});

test("types: `wazapi/webhooks` compiles, and so does every fixture, an example, and nothing that is wrong", async () => {
  const directory = await mkdtemp(join(tmpdir(), "wazapi-types-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "node_modules"));
  await symlink(projectRoot, join(directory, "node_modules/wazapi"), "junction");
  const write = (file: string, text: string) => writeFile(join(directory, file), text);
  await write("package.json", JSON.stringify({ name: "customer", type: "module" }));
  await write("fixtures.ts", fixturesAsCode());
  await write("example.ts", await readFile(join(projectRoot, "examples/on-webhook.ts"), "utf8"));
  await write("wrong.ts", wrongUses);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "nodenext",
    exactOptionalPropertyTypes: true,
    types: [],
  };
  await write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["fixtures.ts", "example.ts", "wrong.ts"] }));
  // The errors are on standard output; what keeps it from running at all on standard error.
  const tsc = join(projectRoot, "node_modules/typescript/bin/tsc");
  const compiled = await promisify(execFile)(process.execPath, [tsc, "-p", directory, "--pretty", "false"]).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  expect([compiled.stdout, compiled.stderr]).toEqual(["", ""]);
});

/** Each fixture as a literal, which the compiler checks for keys that are missing and keys that nobody declared. */
function fixturesAsCode(): string {
  const constants = fixtures.map(({ type, captured, text }, index) => {
    // Its one content has WhatsApp's own name.
    const isOther = captured.kind === "message" && captured.content.type === "other";
    const declared = isOther ? `OtherMessage & Record<string, unknown>` : type;
    return `export const fixture${index}: ${declared} = ${text.trim()};`;
  });
  const types = ["OtherMessage", ...new Set(fixtures.map(({ type }) => type))];
  return [`import type { ${types.join(", ")} } from "wazapi/webhooks";`, ...constants].join("\n");
}

const wrongUses = `import type { ConnectedCallback, MessageStatusCallback, WebhookBody } from "wazapi/webhooks";
// @ts-expect-error a status that does not exist
export const status: MessageStatusCallback["status"] = "SEEN";
// @ts-expect-error a key is missing
export const connected: ConnectedCallback = { type: "ConnectedCallback", connected: true, momment: 1, instanceId: "I" };
export function textOf(body: WebhookBody): string {
  // @ts-expect-error only messages have a text
  return body.text.message;
}
`;
