import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { startReceiver } from "../support/receiver.ts";
import { openRig } from "../support/rig.ts";

const contact = "5511988887777";

test.each(["SIGTERM", "SIGKILL"] as const)(
  "a file that could not be fetched before %s is fetched by the next server, at the same address",
  async (signal) => {
    await using receiver = await startReceiver();
    await using rig = await openRig({ slots: "received" });
    await rig.api("PUT", rig.instancePath("/update-every-webhooks"), { value: receiver.url });
    await rig.sandbox("POST", "/contacts", { number: contact, name: "Ana" });
    await rig.sandbox("POST", "/faults", { type: "download-fail", code: 503, times: 1_000 });
    const bytes = randomBytes(10_000);
    const { messageIds } = (await rig.sandbox("POST", `/contacts/${contact}/send`, {
      to: rig.own,
      image: { base64: bytes.toString("base64") },
    })) as { readonly messageIds: readonly string[] };
    const url = await until(
      () => {
        const bodies = receiver.taken.map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>);
        const image = bodies.find((body) => body["messageId"] === messageIds[0])?.["image"];
        return Promise.resolve((image as { readonly imageUrl?: string } | undefined)?.imageUrl);
      },
      { what: `the webhook: ${rig.server().output()}`, withinMs: 60_000, everyMs: 50 },
    );
    const waiting = fetch(url).then(({ status }) => status, String);

    const server = rig.server();
    server.kill(signal);
    await server.exited;
    // It is told to come again, or cut off with the process.
    expect(await waiting).not.toBe(200);
    await rig.sandbox("DELETE", "/faults");
    await rig.start();
    const answer = await until(
      async () => {
        const got = await fetch(url);
        return got.status === 503 ? undefined : got;
      },
      { what: "the file", withinMs: 90_000, everyMs: 200 },
    );
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  },
  240_000,
);
