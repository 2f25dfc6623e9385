import type { LoadedConfig, Source } from "./load.ts";
import { allOptions, derivedDefaults, isRecord, type OptionEntry, valueAt } from "./options.ts";
import type { OptionPath } from "./schema.ts";
import { type Address, inBytes, inUnits } from "./value.ts";

/** One option as `wazapi config print` shows it. Secrets are masked. */
export interface DescribedOption {
  readonly path: OptionPath;
  readonly env: string;
  /** As it is in the settings; undefined when it is not set. */
  readonly value?: unknown;
  /** The same for people: `15s`, `64MiB`, `127.0.0.1:8080`; empty when it is not set. */
  readonly text: string;
  readonly source: Source;
  readonly doc: string;
}

const mask = "********";

/** Every option with its value and where that came from, in the order of the schema. */
export function describeConfig({ config, sources }: LoadedConfig): readonly DescribedOption[] {
  return allOptions().map(({ path, meta }) => {
    const found = valueAt(config, path);
    const value = found !== undefined && meta.secret === true ? mask : found;
    const source = sources.get(path) ?? { from: "default", name: path };
    return {
      path,
      env: meta.env,
      ...(value === undefined ? {} : { value }),
      text: shown(path, value),
      source,
      doc: meta.doc,
    };
  });
}

/** All options as a Markdown table. */
export function optionTable(): string {
  const rows = allOptions().map((option) => {
    const { path, meta } = option;
    const names = [meta.env, ...(meta.aliases ?? [])].map((name) => `\`${name}\``).join(", ");
    return `| \`${path}\` | ${names}${meta.secret === true ? " ¹" : ""} | ${defaultOf(option)} | ${meta.doc} |`;
  });
  return [
    "| option | environment | default | meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
    "¹ A secret: also as the same name with `_FILE`, which names a file that holds it.",
    "",
  ].join("\n");
}

function defaultOf({ path, schema }: OptionEntry): string {
  const fallback = schema.safeParse(undefined);
  const value = fallback.success ? shown(path, fallback.data) : "";
  const rule = derivedDefaults[path]?.rule;
  return [...(value === "" ? [] : [`\`${value}\``]), ...(rule === undefined ? [] : [rule])].join("; ");
}

function shown(path: OptionPath, value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number" && path.endsWith("Ms")) return inUnits(value);
  if (typeof value === "number" && path.endsWith("Bytes")) return inBytes(value);
  if (Array.isArray(value)) return value.join(".");
  if (!isRecord(value)) return `${value as string | number | boolean}`; // All other options are one of these.
  const { host, port } = value as unknown as Address; // The only option with parts.
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
