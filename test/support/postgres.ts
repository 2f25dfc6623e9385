import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, describe, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { openPostgresStore, type PostgresStoreOptions } from "#store/postgres/open.ts";
import type { Store } from "#store/store.ts";
import { runSql } from "./run-sql.ts";
import { testSealer } from "./store.ts";

const defaultDsn = "postgres://postgres@127.0.0.1:5432/test";

/** A schema of its own on the test server. Disposing drops it with all that is in it. */
export interface TestSchema extends AsyncDisposable {
  readonly dsn: string;
  readonly schema: string;
}

/** The server that tests may use. */
export interface TestPostgres {
  readonly dsn: string;
  readonly newSchema: () => TestSchema;
  /** A store on a schema of its own, which goes with it. */
  readonly openStore: (options?: Partial<PostgresStoreOptions>) => Promise<Store>;
}

/**
 * Runs the tests of `define` on Postgres. Where none answers they are skipped with the reason, or fail when
 * `WAZAPI_TEST_SERVICES=required` says that one must be there. `WAZAPI_TEST_POSTGRES` names another server; commits there
 * need not be on disk.
 */
export async function describeOnPostgres(name: string, define: (postgres: TestPostgres) => void): Promise<void> {
  const dsn = process.env["WAZAPI_TEST_POSTGRES"] ?? defaultDsn;
  const reason = await whyNot(dsn);
  if (reason === undefined) {
    describe(name, () => define(testPostgres(quick(dsn))));
    return;
  }
  const missing = `no Postgres for tests at ${new URL(dsn).host}: ${reason}`;
  if (process.env["WAZAPI_TEST_SERVICES"] === "required") throw new Error(missing);
  process.stderr.write(`${name}: skipped, ${missing}\n`);
  describe(name, () => {
    test.skip(missing, () => {});
  });
}

function testPostgres(dsn: string): TestPostgres {
  const emptied: TestSchema[] = [];
  // Making the tables anew for each test costs more than the tests.
  afterAll(async () => {
    for (const place of emptied.splice(0)) await place[Symbol.asyncDispose]();
  });
  return {
    dsn,
    newSchema: () => newSchema(dsn),
    openStore: async (options = {}) => {
      const place = emptied.pop() ?? newSchema(dsn);
      const store = await openStoreAt(place, options);
      return {
        ...store,
        [Symbol.asyncDispose]: async () => {
          await store[Symbol.asyncDispose]();
          await runSql(dsn, emptying(place.schema));
          emptied.push(place);
        },
      };
    },
  };
}

function newSchema(dsn: string): TestSchema {
  const schema = `wazapi_test_${randomUUID().replaceAll("-", "")}`;
  return {
    dsn,
    schema,
    [Symbol.asyncDispose]: async () => {
      await runSql(dsn, `SET client_min_messages = warning; DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    },
  };
}

function emptying(schema: string): string {
  return `DO $$
    DECLARE name text;
    BEGIN
      FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '${schema}' AND tablename <> 'schema_migrations' LOOP
        EXECUTE format('DELETE FROM %I.%I', '${schema}', name);
      END LOOP;
      FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = '${schema}' LOOP
        PERFORM setval(format('%I.%I', '${schema}', name), 1, false);
      END LOOP;
    END $$`;
}

/** A store on this schema, as one process has it; several may be open. The caller disposes it. */
export function openStoreAt(place: TestSchema, options: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const { dsn, schema } = place;
  return openPostgresStore(
    { clock: systemClock },
    { dsn, schema, sealer: testSealer, maxConnections: 4, ...options },
    new AbortController().signal,
  );
}

function quick(dsn: string): string {
  const url = new URL(dsn);
  url.searchParams.set("options", "-c synchronous_commit=off");
  return url.href;
}

async function whyNot(dsn: string): Promise<string | undefined> {
  const client = new Client({ connectionString: dsn, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    // Nothing is open when it could not connect.
    await client.end().catch(() => {});
  }
}
