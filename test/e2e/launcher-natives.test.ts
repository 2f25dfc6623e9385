import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { cachePlaces, extractNative } from "../../bin/extract-native.ts";
import type { NativeModule } from "../../bin/native-manifest.ts";

const contents: Readonly<Record<string, string>> = { "img/lib/addon.node": "addon", "libs/lib/shared.so": "library" };
const module: NativeModule = {
  hash: "0123456789abcdef",
  entry: "img/lib/addon.node",
  files: Object.entries(contents).map(([path, content]) => ({
    path,
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  })),
};

test("natives: extracted once, readable by their owner only, and used where they are from then on", async () => {
  await using temp = await openTemp();
  const place = join(temp.dir, "cache", "wazapi");
  const first = extract([place]);
  expect(first).toEqual({ loaded: join(place, "sharp-0123456789abcdef/img/lib/addon.node"), written: 2 });
  for (const path of [place, join(place, "sharp-0123456789abcdef")])
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(extract([place])).toEqual({ ...first, written: 0 });
  expect(await readdir(place)).toEqual(["sharp-0123456789abcdef"]);
});

test.each([
  { damage: "cut short", content: "lib" },
  { damage: "changed", content: "LIBRARY" },
])("natives: a file that was $damage is written again", async ({ content }) => {
  await using temp = await openTemp();
  const place = join(temp.dir, "wazapi");
  extract([place]);
  const file = join(place, "sharp-0123456789abcdef/libs/lib/shared.so");
  await chmod(file, 0o600);
  await writeFile(file, content);
  expect(extract([place])).toMatchObject({ written: 2 });
  expect(await readFile(file, "utf8")).toBe("library");
});

test.each([
  {
    what: "that others can write to",
    make: (path: string) => mkdir(path).then(() => chmod(path, 0o777)),
    reason: "others can write to it",
  },
  { what: "that is a link", make: (path: string) => symlink(tmpdir(), path), reason: "it is no directory" },
  { what: "below a file", make: (path: string) => writeFile(path, ""), reason: "it cannot be made", below: "wazapi" },
])("natives: a place $what is passed over", async ({ make, reason, below = "" }) => {
  await using temp = await openTemp();
  const bad = join(temp.dir, "bad");
  await make(bad);
  const good = join(temp.dir, "good");
  expect(extract([join(bad, below), good]).loaded).toContain(good);
  expect(() => extract([join(bad, below)])).toThrow(`${join(bad, below)}: ${reason}`);
});

test("natives: a file system that forbids execution is named as the reason", async () => {
  await using temp = await openTemp();
  const refused = Object.assign(new Error("x.node: failed to map segment from shared object"), {
    code: "ERR_DLOPEN_FAILED",
  });
  const load = (): never => {
    throw refused;
  };
  expect(() => extract([temp.dir], load)).toThrow(/mounted noexec.*set WAZAPI_CACHE_DIR/);
});

test("natives: a library that cannot be loaded anywhere is not blamed on the place", async () => {
  await using temp = await openTemp();
  const refused = Object.assign(new Error("version `GLIBC_2.34' not found"), { code: "ERR_DLOPEN_FAILED" });
  const load = (): never => {
    throw refused;
  };
  expect(() => extract([temp.dir, join(temp.dir, "b")], load)).toThrow(refused);
});

test("natives: a directory asked for by name is the only one", () => {
  expect(cachePlaces({ WAZAPI_CACHE_DIR: "/srv/cache", CACHE_DIRECTORY: "/var/cache/x" })).toEqual(["/srv/cache"]);
  expect(cachePlaces({ CACHE_DIRECTORY: "/var/cache/x", XDG_CACHE_HOME: "relative" })[0]).toBe("/var/cache/x/wazapi");
  expect(cachePlaces({}).at(-1)).toMatch(/wazapi-\w+$/);
});

function extract(places: readonly string[], load = (file: string): unknown => file) {
  let written = 0;
  const content = (path: string): Uint8Array => {
    written += 1;
    return Buffer.from(contents[path]!);
  };
  return { loaded: extractNative({ content, load }, { name: "sharp", module, places }), written };
}

async function openTemp(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "wazapi-natives-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}
