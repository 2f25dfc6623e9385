import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import { silentLog, type LogFields } from "#lib/log.ts";
import { reportingLog, startSentry } from "#observe/sentry.ts";

/** A place that takes reports; what arrived is text, so that a search misses nothing. */
async function openCollector(answers = true) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      bodies.push(body);
      if (answers) response.writeHead(200, { connection: "close" }).end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    dsn: `http://publickey@127.0.0.1:${port}/1`,
    bodies,
    /** The events out of the envelopes. */
    events: () => bodies.map((body) => JSON.parse(body.split("\n")[2] ?? "null") as Record<string, unknown>),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

let nowMs = 0;
const clock = { now: () => nowMs, monotonicMs: () => nowMs };
const options = { environment: "test", release: "1.2.3" };

describe("reports", () => {
  it("an error arrives with its kind, its place, its causes and what it was about", async () => {
    await using collector = await openCollector();
    {
      await using reports = await startSentry({ ...options, dsn: collector.dsn }, clock);
      const error = new WazapiError("storage", { cause: new TypeError("x is not a function") });
      reports.report({ sentence: "events not stored", fields: { component: "store", operation: "sendText", error } });
    }
    const [event] = collector.events();
    expect(event).toMatchObject({
      environment: "test",
      release: "1.2.3",
      level: "error",
      tags: { component: "store", operation: "sendText", code: "storage", sentence: "events not stored" },
    });
    const { values } = event!["exception"] as {
      values: { type: string; value: string; stacktrace: { frames: object[] } }[];
    };
    expect(values.map(({ type, value }) => [type, value])).toEqual([
      ["TypeError", "(not passed on)"],
      ["WazapiError", "the database cannot be written"],
    ]);
    expect(JSON.stringify(values[1]?.stacktrace.frames)).toContain('"test/observe/sentry.test.ts"');
  });

  it("nothing that is secret or about people leaves", async () => {
    await using collector = await openCollector();
    const secret = "S3CRET";
    const phone = "5511999990001";
    {
      await using reports = await startSentry({ ...options, dsn: collector.dsn }, clock);
      const cause = Object.assign(new Error(`Bearer ${secret} for ${phone}`), { body: secret });
      const error = Object.assign(new Error(`cannot send "${secret}" to ${phone}@s.whatsapp.net`, { cause }), {
        name: `Failure of ${phone}`,
        code: phone,
        details: { token: secret },
        request: { headers: { authorization: secret } },
      });
      const fields: LogFields = {
        component: `room ${secret}`,
        operation: phone,
        instanceId: "INSTANCE",
        token: secret,
        text: secret,
        chatId: phone,
        error,
      };
      reports.report({ sentence: "send failed", fields });
      reports.report({ sentence: "no error here", fields: { ...fields, error: undefined } });
    }
    const all = collector.bodies.join("\n");
    expect(collector.bodies).toHaveLength(2);
    expect(all).toContain("send failed");
    expect(all).toContain("no error here");
    expect(all).not.toMatch(/S3CRET|5511999|INSTANCE|whatsapp/);
    // Nor the machine: its name, its user, its directories.
    expect(all).not.toMatch(/server_name|\/work\/|\/home\/|breadcrumbs|"user"|"request"|"modules"|"vars"|pre_context/);
  });

  it("a failure that repeats is reported a few times a minute", async () => {
    await using collector = await openCollector();
    {
      await using reports = await startSentry({ ...options, dsn: collector.dsn }, clock);
      for (let index = 0; index < 100; index += 1) {
        reports.report({ sentence: "again", fields: { error: new Error(`${index}`) } });
      }
      nowMs += 60_000;
      reports.report({ sentence: "later", fields: {} });
    }
    expect(collector.bodies).toHaveLength(31);
  });

  it("a collector that does not answer does not hold the end up", async () => {
    await using collector = await openCollector(false);
    const reports = await startSentry({ ...options, dsn: collector.dsn, flushMs: 50 }, clock);
    reports.report({ sentence: "unheard", fields: { error: new Error("x") } });
    const started = performance.now();
    await reports[Symbol.asyncDispose]();
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("without a DSN nothing happens", async () => {
    await using reports = await startSentry(options, clock);
    expect(() => reports.report({ sentence: "x", fields: { error: new Error("x") } })).not.toThrow();
  });

  it("it installs nothing in the process", async () => {
    const events = ["uncaughtException", "unhandledRejection", "beforeExit"] as const;
    const counts = () => events.map((event) => process.listenerCount(event));
    const before = counts();
    await using collector = await openCollector();
    const reports = await startSentry({ ...options, dsn: collector.dsn }, clock);
    expect(counts().slice(0, 2)).toEqual(before.slice(0, 2));
    await reports[Symbol.asyncDispose]();
    expect(counts()).toEqual(before);
  });
});

describe("reportingLog", () => {
  it("passes error lines on with what the log is about, and nothing else", () => {
    const seen: unknown[] = [];
    const written: string[] = [];
    const base = {
      ...silentLog,
      child: () => base,
      error: (_: LogFields, message: string) => void written.push(message),
    };
    const log = reportingLog(base, { report: (failure) => void seen.push(failure) }).child({ component: "queue" });
    log.info({}, "fine");
    log.warn({}, "odd");
    log.error({ outcome: "lost" }, "failed");
    expect(written).toEqual(["failed"]);
    expect(seen).toEqual([{ sentence: "failed", fields: { component: "queue", outcome: "lost" } }]);
  });
});
