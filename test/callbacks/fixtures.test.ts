import { proto } from "@whiskeysockets/baileys";
import { findMedia } from "#pipeline/capture/find-media.ts";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { callbackSchemas, renderCallback, schemaOf } from "#callbacks/catalogue.ts";
import { contents } from "#callbacks/contents.ts";
import { notificationNames } from "#callbacks/received-notification.ts";
import type { Captured } from "#domain/captured.ts";
import { captureFixture, context, parseFixture, type Upstream } from "./fixture-world.ts";

const root = new URL(".", import.meta.url);
const types = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const cases = types.flatMap(({ name: type }) =>
  readdirSync(new URL(`${type}/`, root))
    .filter((file) => file.endsWith(".captured.json"))
    .map((file) => ({ type, variant: file.replace(".captured.json", "") })),
);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const capturedOf = ({ type, variant }: { type: string; variant: string }) =>
  parseFixture(read(`${type}/${variant}.captured.json`)) as Captured;
const catalogue = JSON.parse(read("catalogue.json")) as Record<string, string[]>;

describe.each(cases)("$type $variant", ({ type, variant }) => {
  const captured = capturedOf({ type, variant });

  test("render: the payload is this, down to the order of its keys, and obeys its schema", () => {
    const rendered = renderCallback(captured, context);
    expect(rendered.type).toBe(type);
    expect(JSON.stringify(rendered.payload)).toBe(JSON.stringify(JSON.parse(read(`${type}/${variant}.payload.json`))));
    expect(schemaOf(captured).safeParse(rendered.payload).error).toBeUndefined();
  });

  test("render: the key `notification` is on notifications only, and a message has one content", () => {
    const { payload } = renderCallback(captured, context);
    expect("notification" in payload).toBe(captured.kind === "notification");
    if (captured.kind === "message") {
      const key =
        captured.content.type === "other"
          ? [captured.content.name]
          : Object.keys(contents[captured.content.type].payload.shape);
      const others = Object.values(contents).flatMap(({ payload: schema }) => Object.keys(schema.shape));
      expect(others.filter((name) => name in payload && !key.includes(name))).toEqual([]);
      expect(key.filter((name) => name in payload)).toHaveLength(1);
    }
  });

  const upstream = upstreamOf({ type, variant });
  if (upstream !== undefined)
    test("capture: what the client reports becomes this", async () => {
      const all = await captureFixture(upstream);
      expect(all).toEqual([captured]);
    });

  const message = upstream?.events?.["messages.upsert"]?.messages[0];
  const media = captured.kind === "message" ? (captured.media ?? []) : [];
  if (message !== undefined && media.length > 0)
    test("findMedia: every file it names is in the stored message", () => {
      const encoded = proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(message)).finish();
      for (const { part, kind } of media) {
        const source = findMedia(encoded, part);
        expect(source).toMatchObject(kind === "thumbnail" ? { kind: "inline" } : { kind: "download", type: kind });
      }
      expect(findMedia(encoded, "card-9")).toBeUndefined();
    });
});

test("catalogue: every variant has a fixture and every fixture a variant", () => {
  const expected = Object.entries(catalogue).flatMap(([type, variants]) =>
    variants.map((variant) => `${type}/${variant}`),
  );
  expect(cases.map(({ type, variant }) => `${type}/${variant}`).sort()).toEqual(expected.sort());
});

test("catalogue: what the client reports has its report, too; the rest is what queue and sessions say", () => {
  const without = cases.filter((one) => upstreamOf(one) === undefined).map(({ type, variant }) => `${type}/${variant}`);
  expect(without.sort()).toEqual([
    "DeliveryCallback/delivery_error",
    "DeliveryCallback/delivery_success",
    "MessageStatusCallback/status_SENT",
    "MessageStatusCallback/status_group_SENT",
    "NewChatsCallback/locked",
    "NewChatsCallback/locked_without_end",
    "NewChatsCallback/open",
    "PasskeyCallback/required",
  ]);
});

test("catalogue: every kind of content and every documented notification has a fixture", () => {
  const all = cases.map(capturedOf);
  const seenContents = new Set(all.flatMap((one) => (one.kind === "message" ? [one.content.type] : [])));
  const seenNames = new Set(all.flatMap((one) => (one.kind === "notification" ? [one.name] : [])));
  expect(Object.keys(contents).filter((name) => !seenContents.has(name as never))).toEqual([]);
  expect(notificationNames.filter((name) => !seenNames.has(name))).toEqual([]);
});

test("callbackSchemas: every webhook is a JSON schema under its own name", () => {
  const schemas = callbackSchemas();
  expect(Object.keys(schemas)).toContain("ReceivedCallback.text");
  expect(Object.keys(schemas)).toContain("ReceivedCallback.GROUP_PARTICIPANT_ADD");
  expect(Object.keys(schemas)).toContain("MessageStatusCallback");
  for (const { schema, summary, type } of Object.values(schemas)) {
    expect(schema).toMatchObject({ type: "object" });
    expect(summary).not.toBe("");
    expect(Object.keys(catalogue)).toContain(type);
  }
});

/** Undefined for what the queue hands over as it is. */
function upstreamOf({ type, variant }: { type: string; variant: string }): Upstream | undefined {
  const path = `${type}/${variant}.upstream.json`;
  return existsSync(new URL(path, root)) ? (parseFixture(read(path)) as Upstream) : undefined;
}
