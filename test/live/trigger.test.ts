import { afterAll, beforeAll, expect, test } from "vitest";

import { run, type Ran } from "../cli/support.ts";
import { openScenario, type Scenario } from "../scenarios/rig.ts";

/** The command against a server that mounts the control routes of its sandbox. */
let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario();
});
afterAll(() => scenario[Symbol.asyncDispose]());

const trigger = (...argv: readonly string[]): Promise<Ran> =>
  run(["trigger", ...argv], {
    env: {
      WAZAPI_URL: scenario.app.url(),
      CLIENT_AUTH_TOKEN: scenario.app.tokens.client,
      PARTNER_AUTH_TOKEN: scenario.app.tokens.partner,
    },
  });

test("trigger: of an instance, from somebody, with words; the webhook comes", { timeout: 120_000 }, async () => {
  const { code, stdout } = await trigger(
    "image",
    "--instance",
    "scenario",
    "--from",
    "5511955554444",
    "--text",
    "Look",
  );
  const [id] = stdout.trim().split("\n");
  const body = await scenario.webhook("the picture", ({ messageId }) => messageId === id);
  expect([code, body]).toMatchObject([0, { phone: "5511955554444", fromMe: false, image: { caption: "Look" } }]);
});

test("trigger --own-phone: the webhook is of an own message", { timeout: 120_000 }, async () => {
  const { stdout } = await trigger("poll-vote", "--own-phone", "--json");
  const { ids } = JSON.parse(stdout) as { ids: readonly string[] };
  const body = await scenario.webhook("the vote", ({ messageId }) => messageId === ids.at(-1));
  expect(body).toMatchObject({ fromMe: true, phone: "5511988887777", pollVote: { options: [{ name: "Pizza" }] } });
});

test(
  "trigger --in-group: the webhook is of a group of the two, the same one each time",
  { timeout: 120_000 },
  async () => {
    const phones = [];
    for (const argv of [["reaction"], ["text", "--own-phone"]]) {
      const { stdout } = await trigger(...argv, "--in-group", "--json");
      const { ids } = JSON.parse(stdout) as { ids: readonly string[] };
      const body = await scenario.webhook(argv.join(" "), ({ messageId }) => messageId === ids.at(-1));
      expect(body).toMatchObject({ isGroup: true, fromMe: argv.length > 1 });
      phones.push(body["phone"]);
    }
    expect(new Set(phones).size).toBe(1);
  },
);

test("trigger: an instance that does not exist is named", async () => {
  expect(await trigger("text", "--instance", "nobody")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("there is no instance nobody"),
  });
});
