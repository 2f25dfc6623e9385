import { describe, expect, it } from "vitest";
import { defaultRetentionPace } from "#cluster/retention.ts";
import { defaultReconcileOptions } from "#cluster/reconcile.ts";
import { describeConfig, optionTable } from "#config/describe.ts";
import { otherVariables } from "#config/environment.ts";
import { loadConfig } from "#config/load.ts";
import { allOptions } from "#config/options.ts";
import { defaultAttendantsOptions } from "../../src/engine-attendants.ts";
import { engineOptionsOf } from "../../src/engine-options.ts";
import { defaultDispatchOptions } from "#pipeline/dispatch/options.ts";
import { defaultBufferOptions, defaultPersistOptions, defaultPostOptions } from "#pipeline/pipeline.ts";
import { defaultEnqueueOptions } from "#queue/enqueue.ts";
import { defaultQueueOptions } from "#queue/options.ts";
import { defaultSessionsOptions } from "#whatsapp/options.ts";

const options = allOptions();
const defaults = () => loadConfig({ flags: {}, env: {}, cwd: "/nowhere" });

describe("options", () => {
  it("every name in the environment is used once", () => {
    const names = options.flatMap(({ meta }) => {
      const own = [meta.env, ...(meta.aliases ?? [])];
      return meta.secret === true ? [...own, ...own.map((name) => `${name}_FILE`)] : own;
    });
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(Object.keys(otherVariables).filter((name) => names.includes(name))).toEqual([]);
  });

  it("no name looks like what Kubernetes adds for a service", () => {
    const doubtful = options.filter(({ meta }) => /_(?:SERVICE|PORT)(?:_|$)/.test(meta.env));
    expect(doubtful).toEqual([]);
  });

  it("the unit is in the name of every number that has one", () => {
    for (const { path, meta } of options) {
      const isTime = /^\d+(?:ms|s|m|h|d|w)$/.test(meta.form);
      const isAmount = /^\d+(?:MB|MiB)$/.test(meta.form);
      expect([path, path.endsWith("Ms"), path.endsWith("Bytes")]).toEqual([path, isTime, isAmount]);
    }
  });

  it("the table for the documentation lists every option with its sentence", () => {
    const table = optionTable();
    for (const { path, meta } of options) {
      const row = table.split("\n").find((line) => line.startsWith(`| \`${path}\` |`));
      expect(row).toContain(`\`${meta.env}\``);
      expect(row).toContain(meta.doc);
      for (const alias of meta.aliases ?? []) expect(row).toContain(alias);
      // Four cells: nothing in a sentence breaks the table.
      expect(row?.split("|")).toHaveLength(6);
      expect(meta.doc).toMatch(/\.$/);
    }
    expect(table).toContain("| `queue.pace.minMs` | `WAZAPI_PACE_MIN` | `1s`; 0 with a sandbox |");
  });

  it("what is in force is described with its place, secrets masked", () => {
    const env = {
      CLIENT_AUTH_TOKEN: "a token that nobody sees",
      POSTGRES_DSN: "postgres://u:secret@h/d",
      HTTP_ADDR: "[::1]:80",
    };
    const rows = describeConfig(loadConfig({ flags: {}, env, cwd: "/nowhere" }));
    expect(rows.map(({ path }) => path)).toEqual(options.map(({ path }) => path));
    const row = (path: string) => rows.find((one) => one.path === path);
    expect(row("auth.clientToken")).toMatchObject({ value: "********", text: "********", source: { from: "env" } });
    expect(row("auth.partnerToken")).not.toHaveProperty("value");
    expect(row("auth.partnerToken")?.text).toBe("");
    expect(row("http.addr")?.text).toBe("[::1]:80");
    expect(row("retention.deliveredEventsMs")).toMatchObject({ value: 604_800_000, text: "7d" });
    expect(JSON.stringify(rows)).not.toMatch(/that nobody sees|u:secret/);
  });

  it("the defaults are those of the rooms", () => {
    const { pipeline, queue, enqueue, sessions, reconcile, retention, attendants } = engineOptionsOf(
      defaults().config,
      "me",
    );
    expect(pipeline.buffer).toEqual(defaultBufferOptions);
    expect(pipeline.dispatch).toEqual({ ...defaultDispatchOptions, owner: "me" });
    expect(pipeline.post).toEqual(defaultPostOptions);
    expect(pipeline.persist).toEqual(defaultPersistOptions);
    expect(queue).toEqual({ ...defaultQueueOptions, owner: "me" });
    expect(enqueue).toEqual(defaultEnqueueOptions);
    expect({ ...defaultSessionsOptions, ...sessions, deadAfterMs: undefined }).toEqual(defaultSessionsOptions);
    expect(reconcile).toEqual(defaultReconcileOptions);
    expect(attendants).toEqual(defaultAttendantsOptions);
    expect({ ...defaultRetentionPace, everyMs: retention.everyMs }).toEqual(defaultRetentionPace);
  });
});
