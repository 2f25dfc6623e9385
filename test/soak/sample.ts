import Database from "better-sqlite3";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Rig } from "../support/rig.ts";

/** Everything that is watched, by name, at one moment. */
export type Sample = Readonly<Record<string, number>>;

/** Rows of every table. The file is read beside the server, as any tool may. */
export function rowsOf(path: string): Sample {
  const db = new Database(path, { readonly: true, timeout: 5_000 });
  try {
    const tables = db
      .prepare<[], { name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .all();
    const count = (table: string): number =>
      db.prepare<[], { total: number }>(`SELECT count(*) AS total FROM "${table}"`).get()?.total ?? 0;
    return Object.fromEntries(tables.map(({ name }) => [`rows ${name}`, count(name)]));
  } finally {
    db.close();
  }
}

/** Memory, handles, timers and rows of the server of this rig. */
export async function takeSample(rig: Rig): Promise<Sample> {
  const { pid } = rig.server();
  const [status, handles, metrics] = await Promise.all([
    readFile(`/proc/${pid}/status`, "utf8"),
    readdir(`/proc/${pid}/fd`),
    rig.api("GET", "/metrics").then((response) => response.text()),
  ]);
  const metric = (line: RegExp): number => Number(line.exec(metrics)?.[1] ?? Number.NaN);
  return {
    "resident MiB": Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024,
    "heap MiB": metric(/^nodejs_heap_size_used_bytes (\S+)/m) / 1_048_576,
    "file descriptors": handles.length,
    timers: metric(/^nodejs_active_resources\{type="Timeout"\} (\S+)/m),
    "active resources": metric(/^nodejs_active_resources_total (\S+)/m),
    ...rowsOf(join(rig.dataDir, "wazapi.db")),
  };
}

/** What may come and go in a series without being growth. */
export function noiseOf(name: string, level: number): number {
  switch (name) {
    case "resident MiB":
      return Math.max(16, level * 0.08);
    case "heap MiB":
      // Between two collections anything up to its limit.
      return Math.max(24, level * 0.3);
    case "file descriptors":
      return 3;
    case "timers":
    case "active resources":
      return 6;
    default:
      // Retention comes round every few seconds and takes what is old enough then.
      return Math.max(20, level * 0.1);
  }
}
