import { nearest } from "./nearest.ts";
import { allOptions, type OptionEntry } from "./options.ts";

/** The environment a process was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A raw value out of the environment, and the variable it came from. */
interface Found {
  readonly raw: string;
  readonly name: string;
}

/** Variables of the same family that are no settings of the server; what reads them is named. */
export const otherVariables: Readonly<Record<string, string>> = {
  WAZAPI_URL: "server that commands talk to",
  WAZAPI_CACHE_DIR: "where the single executable unpacks its native parts",
  WAZAPI_TEST_SERVICES: "`required` makes a skipped test a failure",
};

/**
 * What the environment says about one option: its own name first, then its aliases, each also as `…_FILE` for a secret.
 * Blank counts as unset. Two names at once, or a file that cannot be read, are a problem in words.
 */
export function readVariable(
  input: { readonly env: Environment; readonly readFile: (path: string) => string },
  { meta }: OptionEntry,
): Found | { readonly problem: string; readonly name: string } | undefined {
  const names = [meta.env, ...(meta.aliases ?? [])];
  const set = names
    .flatMap((name) => (meta.secret === true ? [name, `${name}_FILE`] : [name]))
    .filter((name) => isSet(input.env[name]));
  const [name, second] = set;
  if (name === undefined) return undefined;
  if (second !== undefined) return { name, problem: `is set beside ${second}; keep one of them` };
  const value = input.env[name] ?? "";
  if (names.includes(name)) return { raw: value, name };
  try {
    const content = input.readFile(value.trim());
    return isSet(content) ? { raw: content, name } : { name, problem: `names ${value.trim()}, which is empty` };
  } catch (error) {
    const { code }: { code?: unknown } = Object(error);
    return { name, problem: `names ${value.trim()}, which cannot be read (${String(code ?? error)})` };
  }
}

/** Complaints about variables that look like ours and are not: mistyped names do nothing, in silence. */
export function unknownVariables(env: Environment): readonly string[] {
  const known = new Set(Object.keys(otherVariables));
  for (const { meta } of allOptions()) {
    for (const name of [meta.env, ...(meta.aliases ?? [])]) {
      known.add(name);
      if (meta.secret === true) known.add(`${name}_FILE`);
    }
  }
  return Object.keys(env)
    .filter((name) => name.startsWith("WAZAPI_") && !known.has(name) && isSet(env[name]) && !isServiceLink(name))
    .map((name) => `${name} (environment) is no setting of wazapi${nearest(name, [...known])}`);
}

/** Variables of other servers of this kind that this one has no use for yet; whoever sets them expects more than there is. */
const notYet = ["REDIS_ADDR", "NATS_URL"];

/** Those of them that are set. They stop nobody: what they stand for makes one server many, and one runs without. */
export function variablesWithoutEffect(env: Environment): readonly string[] {
  return notYet.filter((name) => isSet(env[name]));
}

/** Kubernetes and Docker put addresses of a service called `wazapi` into the environment of its neighbours. */
function isServiceLink(name: string): boolean {
  return /^WAZAPI_(?:\w+_)?(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP)(?:_\w+)?)?)$/.test(name);
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}
