import { randomBytes } from "node:crypto";
import { runSql } from "./run-sql.ts";

/** A database of its own on this server, for processes that get nothing but its DSN. Disposing drops it. */
export async function createDatabase(dsn: string): Promise<AsyncDisposable & { readonly dsn: string }> {
  const name = `wazapi_test_${randomBytes(6).toString("hex")}`;
  await runSql(dsn, `CREATE DATABASE ${name}`);
  const url = new URL(dsn);
  url.pathname = `/${name}`;
  return {
    dsn: url.href,
    [Symbol.asyncDispose]: async () => void (await runSql(dsn, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}
