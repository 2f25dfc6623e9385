import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../cli/support.ts";
import { openScenario, type Scenario } from "./rig.ts";

const parts = new AsyncDisposableStack();
let scenario: Scenario;
beforeAll(async () => {
  scenario = parts.use(await openScenario());
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const film = resolve("test/media/fixtures/film.mp4");

/** Runs `wazapi send` against the scenario's server. */
function send(argv: readonly string[], stdin?: string): ReturnType<typeof run> {
  const { app } = scenario;
  const env = {
    WAZAPI_URL: app.url(),
    CLIENT_AUTH_TOKEN: app.tokens.client,
    PARTNER_AUTH_TOKEN: app.tokens.partner,
  };
  return run(["send", ...argv, "--json"], { env, cwd: scenario.dataDir, ...(stdin !== undefined && { stdin }) });
}

const messageIdOf = (ran: Awaited<ReturnType<typeof run>>): string =>
  (JSON.parse(ran.stdout) as { readonly messageId: string }).messageId;

test("`wazapi send` brings a file of this machine to the contact's device", async () => {
  const ran = await send([scenario.contact, "a film", "--document", film, "--wait", "delivered"]);
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining("delivered") });
  const entry = await scenario.arrived(messageIdOf(ran));
  expect(entry).toMatchObject({ type: "document", media: { fileName: "film.mp4", caption: "a film" } });
  expect((await scenario.bytesOf(entry)).equals(await readFile(film))).toBe(true);
});

test("a file larger than any body of JSON goes through, and again under the same key sends nothing", async () => {
  const path = join(scenario.dataDir, "large.bin");
  const bytes = randomBytes(70 * 1_048_576);
  await writeFile(path, bytes);
  const argv = [scenario.contact, "--document", path, "--idempotency-key", "large-1"];
  const ran = await send(argv);
  expect(ran).toMatchObject({ code: 0 });
  const entry = await scenario.arrived(messageIdOf(ran));
  expect((await scenario.bytesOf(entry)).equals(bytes)).toBe(true);
  expect(messageIdOf(await send(argv))).toBe(messageIdOf(ran));
}, 120_000);

const others: readonly (readonly [kind: string, fields: object, content: object])[] = [
  [
    "poll",
    { message: "Lunch?", poll: [{ name: "yes" }, { name: "no" }] },
    { pollCreationMessage: { name: "Lunch?" } },
  ],
  ["send-location", { latitude: -23, longitude: -50, title: "here" }, { locationMessage: { name: "here" } }],
  ["/send-contact", { contactName: "Bob", contactPhone: "5511977776666" }, { contactMessage: { displayName: "Bob" } }],
];

test.each(others)("--as %s sends that kind", async (kind, fields, content) => {
  const ran = await send([scenario.contact, "--as", kind, "--fields", "-"], JSON.stringify(fields));
  expect(ran).toMatchObject({ code: 0 });
  expect((await scenario.arrived(messageIdOf(ran))).content).toMatchObject(content);
});

test.each([
  [["--as", "pol", "--fields", "{}"], /no way to send called pol.*there are: .*\bpoll\b.*\btext-status\b/s],
  [["--as", "poll", "--fields", "[]"], /--fields is no JSON object/],
  [["--as", "poll", "--fields", "{"], /--fields is no JSON object/],
  [["--as", "poll"], /go together/],
  [["a text", "--as", "poll", "--fields", "{}"], /everything else is in --fields/],
  [["--as", "poll", "--fields", "{}"], /message: is required/],
])("%j is refused", async (argv, says) => {
  expect(await send([scenario.contact, ...argv])).toMatchObject({ code: 2, stderr: expect.stringMatching(says) });
});
