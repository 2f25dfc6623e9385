import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ran, run, type RunOptions } from "../cli/support.ts";
import { openScenario, type Scenario } from "./rig.ts";

const parts = new AsyncDisposableStack();
let scenario: Scenario;
beforeAll(async () => {
  scenario = parts.use(await openScenario());
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const film = resolve("test/media/fixtures/film.mp4");

/** Runs a command against the scenario's server. */
function wazapi(argv: readonly string[], terminal?: RunOptions["terminal"], stdin?: string): Promise<Ran> {
  const { app } = scenario;
  const env = {
    WAZAPI_URL: app.url(),
    CLIENT_AUTH_TOKEN: app.tokens.client,
    PARTNER_AUTH_TOKEN: app.tokens.partner,
  };
  const around = { ...(terminal !== undefined && { terminal }), ...(stdin !== undefined && { stdin }) };
  return run([...argv, "--json"], { env, cwd: scenario.dataDir, ...around });
}

const send = (argv: readonly string[], stdin?: string): Promise<Ran> => wazapi(["send", ...argv], undefined, stdin);

/** The event of a message, once it has been told. */
async function eventOf(messageId: string): Promise<string> {
  await scenario.webhook("of the message", (body) => body["messageId"] === messageId);
  const { body } = await scenario.ask("GET", "/events?type=ReceivedCallback&limit=50");
  const events = (body["events"] ?? []) as readonly { readonly eventId: string; readonly messageId?: string }[];
  return events.find((event) => event.messageId === messageId)!.eventId;
}

const messageIdOf = (ran: Ran): string => (JSON.parse(ran.stdout) as { readonly messageId: string }).messageId;

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

describe("wazapi events download", () => {
  test("saves the file under its name, once, and shows how far it is", async () => {
    const bytes = randomBytes(5 * 1_048_576);
    const base64 = bytes.toString("base64");
    const eventId = await eventOf(await scenario.receive({ document: { base64, fileName: "../../a bill.pdf" } }));
    const path = join(scenario.dataDir, "a bill.pdf");
    const saved = await wazapi(["events", "download", eventId], { columns: 80, rows: 24 });
    expect(saved).toMatchObject({ code: 0, stderr: expect.stringContaining("100 % of 5.0 MiB") });
    expect(JSON.parse(saved.stdout)).toEqual({ path, bytes: bytes.length });
    expect((await readFile(path)).equals(bytes)).toBe(true);
    const again = await wazapi(["events", "download", eventId]);
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("is there already") });
    expect(await wazapi(["events", "download", eventId, "-o", "other.pdf"])).toMatchObject({ code: 0 });
    expect((await readFile(join(scenario.dataDir, "other.pdf"))).equals(bytes)).toBe(true);
  });

  test("a message without a file, and a file that is lost, are told apart from it", async () => {
    const text = await eventOf(await scenario.receive({ text: "no file" }));
    expect(await wazapi(["events", "download", text])).toMatchObject({ code: 3, stdout: "" });
    await scenario.sandbox.control.addFault({ type: "download-fail", code: 404 });
    await scenario.sandbox.control.addFault({ type: "upload-fail", code: 404 });
    const base64 = randomBytes(100).toString("base64");
    const lost = await eventOf(await scenario.receive({ image: { base64 } }));
    expect(await wazapi(["events", "download", lost, "-o", "lost.jpg"])).toMatchObject({ code: 3, stdout: "" });
    await expect(readFile(join(scenario.dataDir, "lost.jpg"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

const others: readonly (readonly [kind: string, fields: object, content: object])[] = [
  ["poll", { message: "Lunch?", poll: [{ name: "yes" }, { name: "no" }] }, { pollCreationMessage: { name: "Lunch?" } }],
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
