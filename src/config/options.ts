import { join } from "node:path";
import { z } from "zod";
import { optionMeta, type OptionMeta } from "./option.ts";
import { type Config, configSchema, type OptionPath } from "./schema.ts";

/** One option of the schema. */
export interface OptionEntry {
  readonly path: OptionPath;
  readonly meta: OptionMeta;
  readonly schema: z.ZodType;
}

/** Every option, in the order of the schema. */
export function allOptions(): readonly OptionEntry[] {
  return entriesOf(configSchema, "");
}

function entriesOf(group: z.ZodObject, prefix: string): readonly OptionEntry[] {
  return Object.entries(group.shape).flatMap(([name, schema]) => {
    const path = prefix + name;
    // The shape of an object schema holds classic schemas: nothing here is made with zod's core alone.
    const meta = optionMeta(schema as z.ZodType);
    // Built from the same schema that the type of paths is derived from.
    if (meta !== undefined) return [{ path: path as OptionPath, meta, schema: schema as z.ZodType }];
    if (schema instanceof z.ZodObject) return entriesOf(schema, `${path}.`);
    throw new Error(`${path} is declared without option()`);
  });
}

/** The value at a path; undefined when something on the way is missing. */
export function valueAt(root: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), root);
}

/** Whether this is an object with names, not a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A default that depends on other settings. */
export interface DerivedDefault {
  /** The rule in words, for the documentation. */
  readonly rule: string;
  /** Undefined keeps the ordinary default. */
  readonly value: (config: Config) => unknown;
}

/** The only defaults that are not constants; a value that was given always wins over them. */
export const derivedDefaults: Readonly<Partial<Record<OptionPath, DerivedDefault>>> = {
  "queue.pace.minMs": {
    rule: "0 with a sandbox",
    value: ({ sandbox }) => (sandbox.url === undefined ? undefined : 0),
  },
  "queue.pace.maxMs": {
    rule: "the shortest wait with a sandbox",
    // Comes after the shortest in the schema, so that is settled.
    value: ({ sandbox, queue }) => (sandbox.url === undefined ? undefined : queue.pace.minMs),
  },
  "media.directory": {
    rule: "in the data directory",
    value: ({ dataDir }) => join(dataDir, "media"),
  },
  "media.s3.pathStyle": {
    rule: "true with S3_ENDPOINT",
    value: ({ media }) => (media.s3.endpoint === undefined ? undefined : true),
  },
  "outbound.allowLoopback": {
    rule: "true while the API itself listens on this machine only",
    value: ({ http }) => (isLoopback(http.addr.host) ? true : undefined),
  },
};

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
