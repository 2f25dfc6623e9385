import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import Database from "better-sqlite3";
import { createSealer } from "#store/sealer.ts";
import { newInstance, t0 } from "../contract/adapter.ts";
import { openTestStore } from "../support/store.ts";

const secrets = {
  token: "TOKEN-0F6B1C9D7E",
  "webhook secret": "whsec_c2VjcmV0LW9mLXRoZS10ZXN0",
  "rotated webhook secret": "whsec_dGhlLW5leHQtc2VjcmV0",
  credentials: "noise-key-of-the-credentials",
  "signal key": "ratchet-of-the-session",
  "journal payload": "plaintext-of-a-received-message",
} as const;

describe("at rest", () => {
  let dir: string;
  let bytes: Buffer;
  let audit: readonly string[];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "wazapi-sealed-"));
    const path = join(dir, "wazapi.db");
    await using store = await openTestStore(path);
    const instance = newInstance({
      name: "visible name",
      token: secrets.token,
      webhookSecrets: [secrets["webhook secret"]],
    });
    const instanceId = instance.id;
    await store.instances.create({ instance });
    await store.instances.update({
      instanceId,
      webhookSecrets: [secrets["rotated webhook secret"], secrets["webhook secret"]],
      settings: { autoReadMessage: true },
      now: t0,
    });
    await store.authState.fence({ instanceId, token: 1 });
    await store.authState.commit({
      instanceId,
      token: 1,
      creds: JSON.stringify({ key: secrets.credentials }),
      keys: [{ type: "session", id: "a", value: Buffer.from(secrets["signal key"]) }],
      journal: [
        {
          kind: "plaintext",
          contentHash: "visible hash",
          stanzaId: "S",
          attrs: "{}",
          payload: Buffer.from(secrets["journal payload"]),
          at: t0,
        },
      ],
    });
    // The database and its log, as somebody with a copy of the disk finds them.
    bytes = Buffer.concat(readdirSync(dir).map((name) => readFileSync(join(dir, name))));
    const db = new Database(path, { readonly: true });
    audit = db
      .prepare<[string], { change: string }>("SELECT change FROM settings_audit WHERE instance_id = ?")
      .all(instanceId)
      .map(({ change }) => change);
    db.close();
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("what is no secret is found in the raw files", () => {
    for (const known of ["visible name", "visible hash"]) expect(bytes.includes(known)).toBe(true);
  });

  test.each(Object.entries(secrets))("no %s is found there, in any form", (_, secret) => {
    for (const encoding of ["utf8", "base64", "hex", "utf16le"] as const) {
      const form =
        encoding === "utf8" || encoding === "utf16le"
          ? Buffer.from(secret, encoding)
          : Buffer.from(secret).toString(encoding);
      expect(bytes.includes(form)).toBe(false);
    }
  });

  test("the audit names changed secrets and shows what else changed", () => {
    expect(audit.map((change) => JSON.parse(change))).toEqual([
      { webhookSecrets: "changed", "settings.autoReadMessage": { from: false, to: true } },
    ]);
  });
});

describe("sealer", () => {
  const sealer = createSealer(Buffer.alloc(32, 1));
  const plain = Buffer.from("a secret");

  test.each([0, 1, 16, 100_000])("opens %i bytes that it sealed", (length) => {
    const bytes = Buffer.alloc(length, "x");
    expect(Buffer.from(sealer.open(sealer.seal(bytes))).equals(bytes)).toBe(true);
  });

  test("seals the same bytes to others each time", () => {
    const all = new Set(Array.from({ length: 600 }, () => Buffer.from(sealer.seal(plain)).toString("hex")));
    expect(all.size).toBe(600);
  });

  test.each([
    ["another key", () => createSealer(Buffer.alloc(32, 2)).seal(plain)],
    ["a changed byte", () => flipped(sealer.seal(plain), 15)],
    ["a changed tag", () => flipped(sealer.seal(plain), -1)],
    ["a changed version", () => flipped(sealer.seal(plain), 0)],
    ["less than it was", () => sealer.seal(plain).subarray(0, 20)],
    ["nothing", () => Buffer.alloc(0)],
  ])("does not open %s", (_, make) => {
    expect(() => sealer.open(make())).toThrow(expect.objectContaining({ code: "storage" }));
  });

  test("takes a key of 32 bytes and no other", () => {
    expect(() => createSealer(Buffer.alloc(16))).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});

function flipped(sealed: Uint8Array, index: number): Uint8Array {
  const copy = Buffer.from(sealed);
  const at = index < 0 ? copy.length + index : index;
  copy[at] = copy[at]! ^ 1;
  return copy;
}
