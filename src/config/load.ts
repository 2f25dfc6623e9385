import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { WazapiError } from "#domain/errors.ts";
import { configFileName, readConfigFile } from "./config-file.ts";
import { type Environment, readVariable, unknownVariables, variablesWithoutEffect } from "./environment.ts";
import { nearest } from "./nearest.ts";
import { allOptions, derivedDefaults, isRecord, type OptionEntry, valueAt } from "./options.ts";
import type { Config, OptionPath } from "./schema.ts";

/** Where the value of an option came from; `name` is the variable, the flag or the key. */
export interface Source {
  readonly from: "default" | "file" | "env" | "flag";
  readonly name: string;
}

/** What the command line says: values by option, as typed. `host` and `port` change one half of `http.addr`. */
export type ConfigFlags = Readonly<Partial<Record<OptionPath | "host" | "port", unknown>>>;

/** Where settings are looked for. */
export interface LoadInput {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  /** Working directory: relative paths count from here, and `wacli.config.ts` is looked for here. */
  readonly cwd: string;
  /** Settings file that has to exist. */
  readonly configPath?: string;
  /** Reads the file that an `X_FILE` variable names. */
  readonly readFile?: (path: string) => string;
  /** Runs a settings file and answers its default export. */
  readonly readConfig?: (path: string) => unknown;
}

/** All settings, and where each came from. */
export interface LoadedConfig {
  readonly config: Config;
  readonly sources: ReadonlyMap<OptionPath, Source>;
  /** The settings file that was read. */
  readonly file?: string;
  /** Variables that are set and that nothing reads yet. */
  readonly withoutEffect: readonly string[];
}

/** A raw value with its source, and the directory from which a relative path counts. */
interface Raw {
  readonly value: unknown;
  readonly source: Source;
  readonly base: string;
}

/**
 * Reads the settings: flags, then the environment, then `wacli.config.ts`, then the defaults. Throws one
 * `invalid_config` that names every mistake; values of secrets are never part of it.
 */
export function loadConfig(input: LoadInput): LoadedConfig {
  const problems: string[] = [];
  const file = fileOf(input);
  const fromFile = file === undefined ? {} : (input.readConfig ?? readConfigFile)(file);
  const options = allOptions();
  if (file !== undefined) problems.push(...unknownKeys(fromFile, { file, options }));
  problems.push(...unknownVariables(input.env));

  const built: Record<string, unknown> = {};
  const sources = new Map<OptionPath, Source>();
  for (const option of options) {
    const raw = rawOf(option, { input, file, fromFile, problems });
    const parsed = parse(option, raw);
    if ("problem" in parsed) problems.push(parsed.problem);
    else put(built, option.path, parsed.value);
    sources.set(option.path, raw.source);
  }
  // The schema of every leaf has been applied; absent optional ones are absent in the type too.
  const config = built as unknown as Config;
  if (problems.length === 0) {
    derive(built, { config, sources });
    problems.push(...contradictions(config, sources));
  }
  if (problems.length > 0) throw invalid(problems);
  const withoutEffect = variablesWithoutEffect(input.env);
  return { config, sources, withoutEffect, ...(file === undefined ? {} : { file }) };
}

function fileOf({ cwd, configPath }: LoadInput): string | undefined {
  const file = resolve(cwd, configPath ?? configFileName);
  if (configPath === undefined) return existsSync(file) ? file : undefined;
  if (existsSync(file)) return file;
  throw new WazapiError("invalid_config", { message: `there is no settings file ${file}` });
}

/** The value with the highest rank. */
function rawOf(
  option: OptionEntry,
  from: {
    readonly input: LoadInput;
    readonly file: string | undefined;
    readonly fromFile: unknown;
    readonly problems: string[];
  },
): Raw {
  const { path, meta } = option;
  const { env, cwd, flags, readFile } = from.input;
  const below = (): Raw => {
    const variable = readVariable(
      { env, readFile: readFile ?? ((name) => readFileSync(resolve(cwd, name), "utf8")) },
      option,
    );
    if (variable !== undefined && "raw" in variable) {
      return { value: variable.raw, source: { from: "env", name: variable.name }, base: cwd };
    }
    if (variable !== undefined) from.problems.push(`${variable.name} (environment) ${variable.problem}`);
    const value = valueAt(from.fromFile, path);
    if (value !== undefined && from.file !== undefined) {
      return { value, source: { from: "file", name: path }, base: dirname(from.file) };
    }
    return { value: undefined, source: { from: "default", name: path }, base: cwd };
  };
  if (path === "http.addr" && (flags.host !== undefined || flags.port !== undefined))
    return withHalves(option, flags, below());
  const flag = flags[path];
  if (flag === undefined) return below();
  return { value: flag, source: { from: "flag", name: meta.flag ?? `--${path}` }, base: cwd };
}

/** The address with the host or the port that the command line gives. */
function withHalves(option: OptionEntry, { host, port }: ConfigFlags, below: Raw): Raw {
  const parsed = option.schema.safeParse(below.value);
  const lower = parsed.success && isRecord(parsed.data) ? parsed.data : {};
  const name = [...(host === undefined ? [] : ["--host"]), ...(port === undefined ? [] : ["--port"])].join(" ");
  const value = { ...lower, ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
  return { value, source: { from: "flag", name }, base: below.base };
}

function parse(option: OptionEntry, raw: Raw): { readonly value: unknown } | { readonly problem: string } {
  const { path, meta, schema } = option;
  if (raw.value === undefined) {
    const fallback = schema.safeParse(undefined);
    const value = fallback.success ? fallback.data : undefined;
    return { value: meta.path === true && typeof value === "string" ? resolve(raw.base, value) : value };
  }
  const parsed = schema.safeParse(raw.value);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ message }) => message).join(", ");
    return { problem: `${labelOf(path, raw.source)} ${wrong}${meta.secret === true ? "" : shown(raw.value)}` };
  }
  const value = meta.path === true && typeof parsed.data === "string" ? resolve(raw.base, parsed.data) : parsed.data;
  return { value };
}

/** The name a person looks for: the variable, the flag, or the key in the file. */
function labelOf(path: OptionPath, source: Source): string {
  switch (source.from) {
    case "env":
      return `${source.name} (environment, ${path})`;
    case "flag":
      return `${source.name} (command line)`;
    case "file":
      return `${path} (settings file)`;
    case "default":
      return path;
  }
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? typeof value);
  return `; it is ${JSON.stringify(text.slice(0, 60))}`;
}

function unknownKeys(
  fromFile: unknown,
  { file, options }: { readonly file: string; readonly options: readonly OptionEntry[] },
): readonly string[] {
  const leaves = options.map(({ path }): string => path);
  const walk = (node: unknown, prefix: string): readonly string[] => {
    if (!isRecord(node)) {
      const what = prefix === "" ? "its default export" : `${prefix.slice(0, -1)} (settings file)`;
      return [`${what} must be an object with settings`];
    }
    return Object.keys(node).flatMap((name) => {
      const path = prefix + name;
      if (node[name] === undefined || leaves.includes(path)) return [];
      if (leaves.some((leaf) => leaf.startsWith(`${path}.`))) return walk(node[name], `${path}.`);
      return [`${path} (${file}) is no setting of wazapi${nearest(path, leaves)}`];
    });
  };
  return walk(fromFile, "");
}

function derive(
  built: Record<string, unknown>,
  { config, sources }: { readonly config: Config; readonly sources: ReadonlyMap<OptionPath, Source> },
): void {
  for (const { path } of allOptions()) {
    if (sources.get(path)?.from !== "default") continue;
    const value = derivedDefaults[path]?.value(config);
    if (value !== undefined) put(built, path, value);
  }
}

/** Pairs of which the first may not exceed the second. */
const ordered: readonly (readonly [OptionPath, OptionPath])[] = [
  ["queue.pace.minMs", "queue.pace.maxMs"],
  ["webhooks.retryBaseMs", "webhooks.retryMaxMs"],
  ["whatsapp.reconnect.baseMs", "whatsapp.reconnect.maxMs"],
];

function contradictions(config: Config, sources: ReadonlyMap<OptionPath, Source>): readonly string[] {
  const { postgresDsn, sessionPostgresDsn } = config.store;
  const session = sources.get("store.sessionPostgresDsn");
  const lonely = sessionPostgresDsn !== undefined && postgresDsn === undefined && session !== undefined;
  return [
    ...(lonely ? [`${labelOf("store.sessionPostgresDsn", session)} needs POSTGRES_DSN beside it`] : []),
    ...halfKeys(config, sources),
    ...outOfOrder(config, sources),
  ];
}

/** A key of the bucket needs both of its halves. */
function halfKeys(config: Config, sources: ReadonlyMap<OptionPath, Source>): readonly string[] {
  const halves = ["media.s3.accessKeyId", "media.s3.secretAccessKey"] as const;
  const [given, ...more] = halves.filter((path) => valueAt(config, path) !== undefined);
  const source = given === undefined ? undefined : sources.get(given);
  if (given === undefined || source === undefined || more.length > 0) return [];
  return [`${labelOf(given, source)} needs its other half: S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY`];
}

/** Pairs of which the first must not exceed the second. */
function outOfOrder(config: Config, sources: ReadonlyMap<OptionPath, Source>): readonly string[] {
  return ordered
    .filter(([low, high]) => Number(valueAt(config, low)) > Number(valueAt(config, high)))
    .map(([low, high]) => {
      const [lowSource, highSource] = [sources.get(low), sources.get(high)];
      const lowName = lowSource === undefined ? low : labelOf(low, lowSource);
      return `${lowName} must not exceed ${highSource === undefined ? high : labelOf(high, highSource)}`;
    });
}

function invalid(problems: readonly string[]): WazapiError {
  const [first] = problems;
  const message =
    problems.length === 1
      ? `${first}`
      : `several settings are wrong:\n${problems.map((line) => `  - ${line}`).join("\n")}`;
  return new WazapiError("invalid_config", { message, details: { problems } });
}

/** Sets the value, and makes the groups above it in any case. */
function put(root: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split(".");
  const last = names.pop() ?? "";
  let node = root;
  for (const name of names) {
    const next = node[name];
    if (isRecord(next)) node = next;
    else node = node[name] = {};
  }
  if (value !== undefined) node[last] = value;
}
