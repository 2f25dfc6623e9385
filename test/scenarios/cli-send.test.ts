import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
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

test("`wazapi send` brings a file of this machine to the contact's device", async () => {
  const { app, contact } = scenario;
  const env = {
    WAZAPI_URL: app.url(),
    CLIENT_AUTH_TOKEN: app.tokens.client,
    PARTNER_AUTH_TOKEN: app.tokens.partner,
  };
  const sending = ["send", contact, "a film", "--document", film, "--wait", "delivered", "--json"];
  const ran = await run(sending, { env, cwd: scenario.dataDir });
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining("delivered") });
  const { messageId } = JSON.parse(ran.stdout) as { readonly messageId: string };
  const entry = await scenario.arrived(messageId);
  expect(entry).toMatchObject({ type: "document", media: { fileName: "film.mp4", caption: "a film" } });
  expect((await scenario.bytesOf(entry)).equals(await readFile(film))).toBe(true);
});
