import { expect, test } from "vitest";

import { start } from "../cli/support.ts";
import { until } from "../support/processes.ts";
import { startReceiver } from "../support/receiver.ts";
import { openRig } from "../support/rig.ts";
import type { Rig } from "../support/rig.ts";

const contact = "5511988887777";
const patienceMs = 60_000;

/** The contact writes; answers the message ids. */
async function write(rig: Rig, count: number): Promise<readonly string[]> {
  const body = { to: rig.own, text: "text {n}", count };
  const { messageIds } = (await rig.sandbox("POST", `/contacts/${contact}/send`, body)) as { messageIds: string[] };
  return messageIds;
}

test(
  "listen: over a kill -9 of the server no event is missing and none is twice, here and at the forwarded URL",
  { timeout: 180_000 },
  async () => {
    await using rig = await openRig();
    await using local = await startReceiver();
    const listening = start(["listen", "--events", "ReceivedCallback", "--forward-to", local.url, "--json"], {
      env: {
        WAZAPI_URL: rig.serverUrl,
        CLIENT_AUTH_TOKEN: rig.headers["client-token"]!,
        PARTNER_AUTH_TOKEN: rig.headers["authorization"]!.replace("Bearer ", ""),
      },
    });
    interface Line {
      readonly eventId?: string;
      readonly messageId?: string;
      readonly payload?: { readonly text?: unknown };
      readonly forwarded?: { readonly eventId: string; readonly status?: number };
    }
    const lines = (): Line[] =>
      listening
        .stdout()
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line);
    const texts = (): readonly string[] =>
      lines().flatMap(({ messageId, payload }) => (payload?.text === undefined ? [] : [messageId ?? ""]));
    const shown = (count: number) =>
      until(() => texts().length >= count, {
        what: `${count} texts; ${listening.stderr()}`,
        withinMs: patienceMs,
      });

    await until(() => listening.stderr().includes("listening at"), { what: "it listens", withinMs: patienceMs });
    const sent = [...(await write(rig, 5))];
    await shown(5);
    sent.push(...(await write(rig, 20)));
    rig.server().kill("SIGKILL");
    await rig.server().exited;
    await until(() => listening.stderr().includes("the server is away"), { what: "it notices", withinMs: patienceMs });
    sent.push(...(await write(rig, 5)));
    await rig.start();
    await rig.connected();
    sent.push(...(await write(rig, 5)));
    await shown(sent.length);
    const count = (key: "eventId" | "forwarded"): number => lines().filter((line) => line[key] !== undefined).length;
    await until(() => count("forwarded") >= count("eventId"), { what: "every answer", withinMs: patienceMs });
    listening.signal("SIGINT");
    expect((await listening.ran).code).toBe(0);

    expect(texts()).toEqual(sent);
    const eventIds = lines().flatMap(({ eventId }) => (eventId === undefined ? [] : [eventId]));
    expect(new Set(eventIds).size).toBe(eventIds.length);
    expect(local.requests.map(({ headers }) => headers["webhook-id"])).toEqual(eventIds);
    const answers = lines().flatMap(({ forwarded }) => (forwarded === undefined ? [] : [forwarded]));
    expect(answers.map(({ eventId, status }) => [eventId, status])).toEqual(eventIds.map((id) => [id, 200]));
  },
);
