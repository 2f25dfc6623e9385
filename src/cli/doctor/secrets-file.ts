import { readFile, stat } from "node:fs/promises";

import type { Config } from "#config/schema.ts";
import { secretsPath } from "#config/secrets.ts";
import { keyBytes } from "#config/value.ts";

import type { ApiServer } from "../api.ts";
import { systemCode } from "./finding.ts";

/** `secrets.json` of a data directory, as it is: unlike a server this changes neither its content nor its mode. */
export type SecretsFile =
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly code: string }
  | { readonly kind: "damaged" }
  | { readonly kind: "read"; readonly values: Readonly<Record<string, unknown>>; readonly isExposed: boolean };

/** Reads it. Never throws. */
export async function readSecretsFile(config: Pick<Config, "dataDir">): Promise<SecretsFile> {
  const path = secretsPath(config.dataDir);
  try {
    const values: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof values !== "object" || values === null) return { kind: "damaged" };
    const { mode } = await stat(path);
    return { kind: "read", values: { ...values }, isExposed: process.platform !== "win32" && (mode & 0o077) !== 0 };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: "damaged" };
    return systemCode(error) === "ENOENT" ? { kind: "missing" } : { kind: "unreadable", code: systemCode(error) };
  }
}

/** The tokens that open a server's routes, out of the settings or the file; what neither has is left out. */
export async function readTokens(config: Pick<Config, "dataDir" | "auth">): Promise<ApiServer["tokens"]> {
  const file = await readSecretsFile(config);
  const values = file.kind === "read" ? file.values : {};
  const client = config.auth.clientToken ?? values["clientToken"];
  const partner = config.auth.partnerToken ?? values["partnerToken"];
  return {
    ...(typeof client === "string" && { client: client.trim() }),
    ...(typeof partner === "string" && { partner: partner.trim() }),
  };
}

/** The key that seals what is secret at rest; undefined when there is none yet, or none that is usable. */
export async function readSecretKey(config: Pick<Config, "dataDir" | "auth">): Promise<Buffer | undefined> {
  const file = await readSecretsFile(config);
  const value = config.auth.secretKey ?? (file.kind === "read" ? file.values["secretKey"] : undefined);
  return typeof value === "string" ? keyBytes(value.trim()) : undefined;
}
