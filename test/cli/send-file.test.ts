import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

import { describe, expect, test } from "vitest";

import type { Cli } from "#cli/cli.ts";
import { extensionOf, fileFlags, readFile } from "#cli/commands/send-file.ts";
import { progressBar } from "#cli/progress-bar.ts";

import { known } from "../http/support.ts";
import { openServer, temporaryDirectory } from "./support.ts";

const to = "5511999999999";

/** The last file the server was given. */
function taken(calls: readonly unknown[]): unknown {
  return calls.findLast((call): call is [string, unknown] => Array.isArray(call) && call[0] === "ingest")?.[1];
}

describe("wazapi send with a file", () => {
  test.each(Object.entries(fileFlags))("--%s takes a path or an address", async (flag, { captioned }) => {
    await using server = await openServer();
    await using directory = await temporaryDirectory();
    const bytes = randomBytes(5000);
    await writeFile(join(directory.path, "a file.pdf"), bytes);
    const words = captioned ? ["--caption", 'He said "hi"'] : [];
    const sending = ["send", to, "--instance", known.instanceId, `--${flag}`];
    const local = await server.run([...sending, "a file.pdf", ...words], { cwd: directory.path });
    expect([local.code, local.stdout]).toEqual([0, expect.stringMatching(/^3EB0\w+\n$/)]);
    const isDocument = flag === "document";
    expect(server.http.calls.filter((call) => Array.isArray(call) && call[0] === "receive")).toEqual([
      ["receive", expect.objectContaining({ instanceId: known.instanceId, fileName: "a file.pdf", file: bytes })],
    ]);
    expect(taken(server.http.calls)).toMatchObject({
      kind: flag,
      source: `wazapi:${"d".repeat(32)}`,
      ...(isDocument && { fileName: "a file.pdf", extension: "pdf" }),
    });
    expect((await server.run([...sending, "https://files.example/a.jpg"])).code).toBe(0);
    expect(taken(server.http.calls)).toMatchObject({ kind: flag, source: "https://files.example/a.jpg" });
    const queued = await server.http.store.queue.list({
      instanceId: known.instanceId,
      states: ["queued"],
      limit: 10,
    });
    expect(queued.map(({ outgoing }) => outgoing.content)).toMatchObject([
      { kind: flag, ...(captioned && { caption: 'He said "hi"' }) },
      { kind: flag },
    ]);
  });

  test("the text is the caption, and everything else goes with it", async () => {
    await using server = await openServer();
    const ran = await server.run(
      [
        "send",
        to,
        "-",
        "--image",
        "https://files.example/a.jpg",
        "-i",
        known.instanceId,
        "--reply-to",
        "3EB0OLD",
        "--delay",
        "3",
      ],
      { stdin: "below\n" },
    );
    expect(ran.code).toBe(0);
    const [queued] = await server.http.store.queue.list({
      instanceId: known.instanceId,
      states: ["queued"],
      limit: 1,
    });
    expect(queued).toMatchObject({
      delayMs: 3000,
      outgoing: { content: { kind: "image", caption: "below" }, options: { replyTo: "3EB0OLD" } },
    });
  });

  const refused: readonly (readonly [argv: readonly string[], says: string])[] = [
    [["--image", "nowhere.jpg"], "nowhere.jpg is no file"],
    [["--image", "."], ". is no file"],
    [["--image", "empty.jpg"], "empty.jpg is empty"],
    [["--image", "https://a.example/1", "--video", "https://a.example/2"], "--image and --video are two messages"],
    [["words", "--image", "https://a.example/1", "--caption", "more words"], "the caption is there twice"],
    [["words", "--audio", "https://a.example/1"], "nothing can be written under --audio"],
    [["words", "--caption", "more words"], "there is no file for the caption"],
  ];
  test.each(refused)("%j is refused before any server is asked", async (argv, says) => {
    await using directory = await temporaryDirectory();
    await using server = await openServer();
    await writeFile(join(directory.path, "empty.jpg"), "");
    const ran = await server.run(["send", to, ...argv], { cwd: directory.path });
    expect(ran).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
    expect(server.http.logged).toEqual([]);
  });

  test("a file that the server does not take says what to do", async () => {
    await using server = await openServer();
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, "large.bin"), Buffer.alloc(3_000_000));
    const sending = ["send", to, "-i", known.instanceId, "--document", "large.bin"];
    const ran = await server.run(sending, { cwd: directory.path });
    // The server hangs up in the middle, and then its answer may be lost.
    expect(ran).toMatchObject({ code: expect.toBeOneOf([1, 6]), stdout: "" });
    expect(ran.stderr).toMatch(/(?:larger than 1000000 bytes|hung up while the file).*WAZAPI_MAX_DOCUMENT/);
  });
});

test("readFile: the file arrives whole, and its progress is told piece by piece", async () => {
  await using directory = await temporaryDirectory();
  const bytes = randomBytes(200_001);
  const path = join(directory.path, "x");
  await writeFile(path, bytes);
  const read: number[] = [];
  const file = { path, name: "x", bytes: bytes.length };
  expect((await buffer(readFile(file, { onRead: (count) => read.push(count) }))).equals(bytes)).toBe(true);
  expect(read.at(-1)).toBe(bytes.length);
  expect(read.length).toBeGreaterThan(2);
});

describe("the progress of an upload", () => {
  const drawn = (total: number, terminal: boolean): string => {
    let text = "";
    const stderr = { isTTY: terminal, write: (more: string) => void (text += more) };
    // Only the terminal behind standard error is looked at.
    using bar = progressBar({ io: { stderr } } as unknown as Cli, total);
    for (const share of [0.25, 0.25, 1]) bar.at(total * share);
    return text;
  };

  test("is drawn over itself on a terminal", () => {
    expect(
      drawn(4 * 1_048_576, true)
        .split("\r")
        .slice(1),
    ).toEqual([
      expect.stringMatching(/^█{8}░{22} {2}25 % of 4\.0 MiB$/),
      expect.stringMatching(/^█{30} 100 % of 4\.0 MiB$/),
    ]);
  });

  test.each([
    [4 * 1_048_576, false],
    [1000, true],
  ])("is not drawn for %i bytes with a terminal: %j", (total, terminal) => expect(drawn(total, terminal)).toBe(""));
});

test.each([
  ["a.pdf", "pdf"],
  ["a.tar.gz", "gz"],
  ["a", undefined],
  ["a.b c", undefined],
])("extensionOf(%j) is %j", (name, extension) => expect(extensionOf(name)).toBe(extension));
