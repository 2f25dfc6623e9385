import { randomBytes } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { WazapiError } from "#domain/errors.ts";
import { createWhole, writeWhole } from "#lib/write-whole.ts";
import { makeDataDir } from "./data-dir.ts";
import { isRecord } from "./options.ts";
import type { Config } from "./schema.ts";
import { keyBytes } from "./value.ts";

/** The secrets of a server. */
export interface Secrets {
  readonly clientToken: string;
  readonly partnerToken: string;
  /** 32 bytes that seal what is secret at rest. */
  readonly secretKey: Buffer;
  /** File that holds what was not given in the settings; undefined when all was. */
  readonly file?: string;
  /** Names of what was generated just now. */
  readonly generated: readonly SecretName[];
  /** Others could read the file until now. Whoever might have should be kept out by new secrets. */
  readonly wasExposed: boolean;
}

type SecretName = "clientToken" | "partnerToken" | "secretKey";

/** How each secret is generated, and what an acceptable one looks like. */
const kinds: Readonly<
  Record<SecretName, { readonly generate: () => string; readonly isGood: (value: string) => boolean }>
> = {
  clientToken: { generate: newToken, isGood: (value) => value.trim().length >= 16 },
  partnerToken: { generate: newToken, isGood: (value) => value.trim().length >= 16 },
  secretKey: { generate: () => randomBytes(32).toString("base64"), isGood: (value) => keyBytes(value) !== undefined },
};
const names = ["clientToken", "partnerToken", "secretKey"] as const satisfies readonly SecretName[];

/** The file of the secrets that the settings do not give. */
export function secretsPath(dataDir: string): string {
  return join(dataDir, "secrets.json");
}

/**
 * The secrets out of the settings, the rest out of `secrets.json` (0600) in the data directory; what neither has is
 * generated and stored there first. Two processes that start at the same time on a fresh directory end with the same
 * ones. Throws `invalid_config` for a file that is damaged or cannot be hidden from others, `storage` when the
 * directory cannot be written.
 */
export async function ensureSecrets(config: Pick<Config, "dataDir" | "auth">): Promise<Secrets> {
  const given: Partial<Record<SecretName, string>> = config.auth;
  const wanted = names.filter((name) => given[name] === undefined);
  if (wanted.length === 0) return { ...joined({}, given), generated: [], wasExposed: false };
  const file = secretsPath(config.dataDir);
  try {
    await makeDataDir(config.dataDir);
    await refuseSharedDirectory(config.dataDir);
    const before = await readSecrets(file);
    const missing = wanted.filter((name) => before?.values[name] === undefined);
    const wasExposed = before?.wasExposed === true;
    if (missing.length === 0) return { ...joined(before?.values ?? {}, given), file, generated: [], wasExposed };
    const made = Object.fromEntries(missing.map((name) => [name, kinds[name].generate()]));
    const text = `${JSON.stringify({ ...before?.content, ...made }, null, 2)}\n`;
    if (before !== undefined) await writeWhole(file, text);
    // Somebody else was first: what they wrote counts.
    else if (!(await createWhole(file, text))) return await ensureSecrets(config);
    return { ...joined({ ...before?.values, ...made }, given), file, generated: missing, wasExposed };
  } catch (cause) {
    if (cause instanceof WazapiError) throw cause;
    throw new WazapiError("storage", { message: `secrets cannot be kept in ${file}`, cause });
  }
}

function joined(
  stored: Partial<Record<SecretName, string>>,
  given: Partial<Record<SecretName, string>>,
): Pick<Secrets, SecretName> {
  const { clientToken = "", partnerToken = "", secretKey = "" } = { ...stored, ...given };
  return { clientToken, partnerToken, secretKey: keyBytes(secretKey) ?? Buffer.alloc(0) };
}

interface StoredSecrets {
  readonly values: Partial<Record<SecretName, string>>;
  /** The whole file, so that nothing in it is lost when something is added. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly wasExposed: boolean;
}

async function readSecrets(file: string): Promise<StoredSecrets | undefined> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    if (Object(cause).code === "ENOENT") return undefined;
    if (cause instanceof SyntaxError) throw damaged(file, "it is not JSON", cause);
    throw cause;
  }
  if (!isRecord(content)) throw damaged(file, "it is no object");
  const values: Partial<Record<SecretName, string>> = {};
  for (const name of names) {
    const value = content[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || !kinds[name].isGood(value)) throw damaged(file, `its ${name} is not usable`);
    values[name] = value.trim();
  }
  return { values, content, wasExposed: await hide(file) };
}

/** Takes the file away from everybody but its owner; answers whether others could read it until now. */
async function hide(file: string): Promise<boolean> {
  if (process.platform === "win32" || !(await isExposed(file))) return false;
  // A file of another user cannot be changed; what counts is what it is afterwards.
  await chmod(file, 0o600).catch(() => {});
  if (!(await isExposed(file))) return true;
  throw new WazapiError("invalid_config", {
    message: `${file} can be read by other users and that cannot be changed; make it 0600 and your own`,
  });
}

async function isExposed(file: string): Promise<boolean> {
  return ((await stat(file)).mode & 0o077) !== 0;
}

/** In a directory where everybody may rename files, others could put their own secrets there. */
async function refuseSharedDirectory(dir: string): Promise<void> {
  if (process.platform === "win32") return;
  const { mode } = await stat(dir);
  const sticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) === 0 || sticky) return;
  throw new WazapiError("invalid_config", {
    message: `the data directory ${dir} can be written by every user; use one of your own (chmod 700)`,
  });
}

function damaged(file: string, what: string, cause?: unknown): WazapiError {
  return new WazapiError("invalid_config", {
    message: `${file} is damaged: ${what}. Restore it from a backup: without its key the stored credentials are lost`,
    cause,
  });
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}
