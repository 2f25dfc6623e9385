import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_CONNECTION_CONFIG } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import { fetchRevision } from "#whatsapp/web-version/fetch-revision.ts";
import { revisionFile, type RevisionStore } from "#whatsapp/web-version/version-file.ts";
import { openWebVersions } from "#whatsapp/web-version/web-version.ts";
import { handClock } from "../support.ts";

const never = new AbortController().signal;
const builtIn = DEFAULT_CONNECTION_CONFIG.version;
const newer = builtIn[2] + 1_000;
const script = (revision: number): string => `x("{\\"client_revision\\":${revision},\\"y\\":1}")`;

/** A web server of one address. */
async function serve(answer: RequestListener) {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/sw.js`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("the version is read", () => {
  it.each([
    ["with escaped quotes", script(1_050_000_001)],
    ["with plain ones", `{"client_revision": 1050000001}`],
    ["at the very end", `"client_revision":1050000001`],
    ["behind a long text", `${"x".repeat(1_000_000)}"client_revision":1050000001 `],
  ])("%s", async (_, text) => {
    await using server = await serve((_request, response) => void response.end(text));
    expect(await fetchRevision(server.url, never)).toBe(1_050_000_001);
  });

  it("also when it comes in pieces that cut it in two", async () => {
    await using server = await serve((_request, response) => {
      response.write(`"client_revi`);
      setImmediate(() => {
        response.write(`sion":10500`);
        setImmediate(() => response.end(`00001}`));
      });
    });
    expect(await fetchRevision(server.url, never)).toBe(1_050_000_001);
  });

  it.each<readonly [string, RequestListener]>([
    ["that names none", (_request, response) => void response.end("<html></html>")],
    ["that is refused", (_request, response) => void response.writeHead(403).end(script(newer))],
    [
      "elsewhere",
      ({ url }, response) => {
        if (url === "/sw.js") response.writeHead(302, { location: "/other" }).end();
        else response.end(script(newer));
      },
    ],
    ["that never ends", (_request, response) => endless(response)],
  ])("from nowhere %s", async (_, answer) => {
    await using server = await serve(answer);
    await expect(fetchRevision(server.url, never)).rejects.toMatchObject({ code: "unavailable" });
  });
});

function endless(response: Parameters<RequestListener>[1]): void {
  const piece = Buffer.alloc(256 * 1024, "x");
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on("drain", more);
  more();
}

describe("the version that is presented", () => {
  let dir: string;
  let store: RevisionStore;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "wazapi-version-"));
    store = revisionFile(dir);
  });
  afterEach(() => rm(dir, { recursive: true }));

  const open = (
    url: string | undefined,
    more: { pinned?: [number, number, number]; clock?: ReturnType<typeof handClock> } = {},
  ) => openWebVersions({ url, store, clock: more.clock ?? handClock(), log: silentLog, signal: never }, more.pinned);

  it("is the fetched one, also after a restart without a network", async () => {
    const clock = handClock();
    const address = await (async () => {
      await using server = await serve((_request, response) => void response.end(script(newer)));
      const versions = await open(server.url, { clock });
      expect(versions.present()).toEqual({ version: builtIn, source: "built-in" });
      expect(await versions.forConnection(never)).toEqual([2, 3000, newer]);
      return server.url;
    })();
    clock.advance(3_600_000);
    const versions = await open(address, { clock });
    expect(await versions.forConnection(never)).toEqual([2, 3000, newer]);
    expect(versions.present()).toEqual({
      version: [2, 3000, newer],
      source: "fetched",
      fetchedAt: clock.now() - 3_600_000,
    });
  });

  it.each([
    ["an older one than the built-in", script(builtIn[2] - 1)],
    ["none", "<html></html>"],
  ])("is the built-in one when WhatsApp Web names %s", async (_, text) => {
    await using server = await serve((_request, response) => void response.end(text));
    const versions = await open(server.url);
    expect(await versions.forConnection(never)).toEqual(builtIn);
    expect(versions.present().source).toBe("built-in");
  });

  it("is the pinned one whatever is fetched, and then nothing is", async () => {
    let asked = 0;
    await using server = await serve((_request, response) => {
      asked += 1;
      response.end(script(newer));
    });
    const versions = await open(server.url, { pinned: [2, 3000, 7] });
    expect(await versions.forConnection(never)).toEqual([2, 3000, 7]);
    expect(await versions.renew(0)).toBe(false);
    expect([versions.present(), asked]).toEqual([{ version: [2, 3000, 7], source: "pinned" }, 0]);
  });

  it("is looked for again: when asked, not twice at once, and not more often than told", async () => {
    const clock = handClock();
    let revision = newer;
    let asked = 0;
    await using server = await serve((_request, response) => {
      asked += 1;
      response.end(script(revision));
    });
    const versions = await open(server.url, { clock });
    expect(await Promise.all([versions.renew(60_000), versions.renew(60_000)])).toEqual([true, true]);
    expect(await versions.renew(60_000)).toBe(false);
    clock.advance(60_000);
    expect(await versions.renew(60_000)).toBe(false);
    clock.advance(60_000);
    revision += 1;
    expect(await versions.renew(60_000)).toBe(true);
    expect([versions.present().version[2], asked]).toEqual([revision, 3]);
  });

  it("of another place, or that cannot be read, is not taken from the file", async () => {
    await store.write({ revision: newer, at: 1, url: "https://elsewhere.example/sw.js" });
    expect((await open("http://127.0.0.1:1/sw.js")).present().source).toBe("built-in");
    const path = join(dir, "whatsapp-version.json");
    await writeFile(path, "{half");
    expect((await open("http://127.0.0.1:1/sw.js")).present().source).toBe("built-in");
    expect(await readFile(path, "utf8")).toBe("{half");
  });

  it("needs no place to look", async () => {
    const versions = await open(undefined);
    expect(await versions.forConnection(never)).toEqual(builtIn);
    expect(await versions.renew(0)).toBe(false);
  });
});
