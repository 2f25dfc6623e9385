import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { signWebhook } from "#callbacks/sign.ts";

import { known, persist } from "../http/support.ts";
import { freePort, until } from "../support/processes.ts";
import { startReceiver } from "../support/receiver.ts";
import type { Receiver } from "../support/receiver.ts";
import { openServer } from "./support.ts";
import type { TestServer } from "./support.ts";

describe("listen", () => {
  let server: TestServer;
  let receiver: Receiver;
  beforeEach(async () => {
    server = await openServer();
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await receiver[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const lines = (text: string): unknown[] =>
    text
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));

  test("prints type, instance, chat and event id of each event", async () => {
    const eventId = await persist(server.http, "k1", { chatId: "5511988887777@s.whatsapp.net" });
    const { code, stdout, stderr } = await server.run(["listen", "--after", "0", "-n", "1"]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("listening at http://127.0.0.1:")]);
    const [time, ...rest] = stdout.trimEnd().split("\t");
    expect(rest).toEqual(["ReceivedCallback", "main", "5511988887777@s.whatsapp.net", eventId, "-"]);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  test("shows what happens while it listens, of the types and the instance that were asked for", async () => {
    await persist(server.http, "before");
    const types = "MessageStatusCallback,PresenceChatCallback";
    const listening = server.start(["listen", "--events", types, "--instance", "main", "-n", "2", "--json"]);
    await until(() => listening.stderr().includes("listening at"), { what: "it listens", withinMs: 20_000 });
    await persist(server.http, "k1");
    const first = await persist(server.http, "k2", { type: "MessageStatusCallback" });
    const second = await persist(server.http, "k3", { type: "PresenceChatCallback" });
    server.http.news.ring();
    const { code, stdout } = await listening.ran;
    expect([code, lines(stdout)]).toMatchObject([0, [{ eventId: first }, { eventId: second }]]);
  });

  test("--forward-to: the URL gets the very webhook, signed with the instance's secret, and its answer is shown", async () => {
    const eventId = await persist(server.http, "k1");
    const ran = await server.run(["listen", "--after", "0", "-n", "1", "--forward-to", receiver.url, "--json"]);
    expect(ran.code).toBe(0);
    const [event, answer] = lines(ran.stdout);
    expect(answer).toEqual({ forwarded: { eventId, status: 200, durationMs: expect.any(Number) } });
    const { body, headers } = receiver.requests[0]!;
    expect(JSON.parse(body)).toEqual((event as { payload: unknown }).payload);
    const signed = signWebhook({ id: eventId, body, atMs: Number(headers["webhook-timestamp"]) * 1000 }, [
      known.webhookSecret,
    ]);
    expect(headers).toMatchObject({
      ...signed,
      "content-type": "application/json",
      "user-agent": "wazapi",
      "x-wazapi-instance-id": known.instanceId,
      "x-wazapi-event-type": "ReceivedCallback",
      "x-wazapi-sequence": "1",
      "x-wazapi-attempt": "1",
    });
  });

  test("--forward-to: a URL that fails is shown and does not stop it", async () => {
    const eventIds = [];
    for (let n = 0; n < 4; n++) eventIds.push(await persist(server.http, `k${n}`));
    receiver.behave(({ sequence }) =>
      sequence === 1
        ? { kind: "status", status: 500 }
        : sequence === 2
          ? { kind: "reset" }
          : sequence === 3
            ? { kind: "status", status: 302, headers: { location: receiver.url } }
            : { kind: "status", status: 200 },
    );
    const { code, stdout } = await server.run(["listen", "--after", "0", "-n", "4", "--forward-to", receiver.url]);
    const answers = stdout.split("\n").filter((line) => line.startsWith("->"));
    expect([code, answers.map((line) => line.split("\t").filter((_, at) => at !== 2))]).toEqual([
      0,
      [
        ["->", "500", eventIds[0]],
        ["->", expect.stringMatching(/^(?:UND_ERR_SOCKET|ECONNRESET)$/), eventIds[1]],
        ["->", "302", eventIds[2]],
        ["->", "200", eventIds[3]],
      ],
    ]);
    expect(receiver.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  });

  test("--forward-to: a port nobody listens at is named, and a scheme may be left out", async () => {
    await persist(server.http, "k1");
    const url = `127.0.0.1:${await freePort()}/hook`;
    const { code, stdout } = await server.run(["listen", "--after", "0", "-n", "1", "--forward-to", url]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("->\tECONNREFUSED\t")]);
  });

  test("--forward-to: during a rotation it signs with both secrets", async () => {
    const [previous] = (await secrets()) as string[];
    await server.http.store.instances.update({
      instanceId: known.instanceId,
      webhookSecrets: ["whsec_bmV3LXNlY3JldA==", previous!],
      now: 1,
    });
    await persist(server.http, "k1");
    await server.run(["listen", "--after", "0", "-n", "1", "--forward-to", receiver.url]);
    expect(receiver.requests[0]?.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
  });

  const secrets = async (): Promise<unknown> => {
    const { stdout } = await server.run(["listen", "--print-secret", "--instance", "main", "--json"]);
    return (JSON.parse(stdout) as { secrets: unknown }).secrets;
  };

  test("--print-secret: prints what signatures are made with, and ends", async () => {
    expect(await server.run(["listen", "--print-secret", "--instance", "main"])).toMatchObject({
      code: 0,
      stdout: `${known.webhookSecret}\n`,
    });
    expect(await secrets()).toEqual([known.webhookSecret]);
  });

  test.each([
    [
      "a misspelt type",
      ["--events", "ReceivedCallback,Received"],
      2,
      "There is no Received; there are ReceivedCallback",
    ],
    ["no URL", ["--forward-to", "http://"], 2, "http or https URL"],
    ["an unknown instance", ["--instance", "nobody"], 3, "there is no instance nobody"],
  ])("refuses %s", async (_, argv, code, says) => {
    expect(await server.run(["listen", ...argv])).toMatchObject({ code, stderr: expect.stringContaining(says) });
  });

  test("Ctrl+C ends it as no failure", async () => {
    const listening = server.start(["listen"]);
    await server.http.news.someoneWaits();
    listening.signal("SIGINT");
    expect((await listening.ran).code).toBe(0);
  });

  test("says what the server no longer keeps", async () => {
    await persist(server.http, "k1");
    const listening = server.start(["listen", "--after", "999"]);
    await until(() => listening.stderr().includes("never gave out position 999"), {
      what: "the gap",
      withinMs: 20_000,
    });
    listening.signal("SIGINT");
    expect((await listening.ran).code).toBe(0);
  });
});
