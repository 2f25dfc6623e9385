import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import { DatabaseError, Pool, type PoolClient, types } from "pg";
import { backoffMs } from "#lib/backoff.ts";
import { createKeyedLock } from "#lib/keyed-lock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { WazapiError } from "#domain/errors.ts";
import { driverError, isAftermath, isConflict, storageError } from "./postgres-errors.ts";
import { type Ask, askOn, ormOn, type Queries, queriesOn } from "./queries.ts";

/** Where the database is and how much of it this process may use. */
export interface DatabaseOptions {
  /**
   * `postgres://user:password@host:port/database`. A pooler in front of it must know prepared statements (PgBouncer does
   * from 1.21 on).
   */
  readonly dsn: string;
  /** Schema of the tables; the first of the role's search path when it is missing. */
  readonly schema?: string;
  readonly maxConnections: number;
}

/** A transaction. Statements that are started without waiting for each other travel together and run in that order. */
export interface Transaction extends Queries {
  /** Ordinary queries. */
  readonly orm: PgRemoteDatabase;
  /** Runs statements without parameters, many at a time and for as long as they take: migrations. */
  readonly script: (text: string) => Promise<void>;
  /** Answers the value; whatever the transaction has written so far or writes yet is undone when `work` ends. */
  readonly undo: <Result>(answer: Result) => Result;
}

/** A pool of connections. Failures of the database are `storage`. Disposing waits for what runs. */
export interface Database extends Queries, AsyncDisposable {
  /** Ordinary queries outside a transaction. */
  readonly query: <Result>(query: (orm: PgRemoteDatabase) => Promise<Result>) => Promise<Result>;
  /**
   * Runs `work` in one transaction (read committed, whatever the server's default is) and answers after the commit.
   * `work` runs again when the server undid it for the sake of another transaction, so it changes nothing but rows.
   */
  readonly transaction: <Result>(work: (tx: Transaction) => Promise<Result>) => Promise<Result>;
  /**
   * The same; transactions of this process under one name run in the order they were asked for. Those that would wait
   * for the lock of one row anyway wait here and leave the connections to others.
   */
  readonly inTurn: <Result>(name: string, work: (tx: Transaction) => Promise<Result>) => Promise<Result>;
}

/** A connection, or an answer, that takes longer is given up. The first counts the wait for one that is free. */
const connectTimeoutMs = 20_000;
const answerTimeoutMs = 30_000;
const scriptTimeoutMs = 30 * 60_000;
/** Tries of a transaction that the server undoes each time. */
const maxTries = 8;
const retryPause = { baseMs: 5, maxMs: 250, jitter: "full" } as const;
/** Callers that may wait for a connection, or for their turn; above it they fail at once. */
const maxWaiting = 10_000;
/**
 * Nobody waits for a lock for ever, and a process that stands still inside a transaction (a suspended machine) loses its
 * locks. Set with each transaction and not with the session, because a pooler may give the session to somebody else.
 */
const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '10s';
  SET LOCAL idle_in_transaction_session_timeout = '30s'`;

/** Opens a pool; connections are made when they are needed. Throws `invalid_config` for what is no address. */
export function createDatabase(deps: { readonly log: Log }, options: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: addressOf(options),
    max: options.maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: answerTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    pipeline: true,
    application_name: "wazapi",
    types: {
      // Ids, times and counts: all of them far below 2^53.
      getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)),
    },
  });
  pool.on("error", (error) => deps.log.warn({ error: storageError(error) }, "idle database connection lost"));
  const closing = new AbortController();
  const turns = createKeyedLock();
  let inTurns = 0;

  /** Throws when there is no hope of a turn. */
  const admit = (waiting: number): void => {
    if (closing.signal.aborted) throw new WazapiError("storage", { message: "the database is closed" });
    if (waiting < maxWaiting) return;
    throw new WazapiError("storage", {
      message: "the database cannot keep up: too many statements wait",
      details: { waiting },
    });
  };

  const connect = async (): Promise<PoolClient> => {
    admit(pool.waitingCount);
    try {
      return await pool.connect();
    } catch (error) {
      throw storageError(error);
    }
  };

  /** Runs `work` with a connection of its own; a connection that broke does not go back into the pool. */
  const onConnection = async <Result>(work: (ask: Ask) => Promise<Result>): Promise<Result> => {
    const client = await connect();
    let broken: Error | undefined;
    const note = (error: Error): void => {
      broken ??= error;
    };
    // While it is in hand the pool does not listen, and an error event without a listener ends the process.
    client.on("error", note);
    try {
      return await work(askOn(client));
    } finally {
      client.off("error", note);
      client.release(broken);
    }
  };

  /** Runs `work` until the server lets it through. */
  const trying = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    for (let failures = 1; ; failures += 1) {
      try {
        return await work();
      } catch (caught) {
        const error = driverError(caught);
        if (!isConflict(error) || failures >= maxTries || closing.signal.aborted) {
          throw error instanceof DatabaseError ? storageError(error) : error;
        }
      }
      await sleep(backoffMs(retryPause, failures), closing.signal);
    }
  };

  const transaction: Database["transaction"] = (work) => trying(() => onConnection((ask) => inTransaction(ask, work)));

  const askAny: Ask = (question) => onConnection((ask) => ask(question));
  const anywhere = queriesOn(askAny);
  const orm = ormOn(askAny);

  return {
    rows: (statement, values) => trying(() => anywhere.rows(statement, values)),
    run: (statement, values) => trying(() => anywhere.run(statement, values)),
    query: (query) => trying(() => query(orm)),
    transaction,
    inTurn: async (name, work) => {
      admit(inTurns);
      inTurns += 1;
      try {
        return await turns.run(name, () => transaction(work));
      } finally {
        inTurns -= 1;
      }
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await pool.end();
    },
  };
}

async function inTransaction<Result>(ask: Ask, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  let end: "COMMIT" | "ROLLBACK" | undefined;
  let undone = false;
  let first: unknown;
  // Of statements that travel together one may fail while another part of the work still goes on: it must not run on
  // behind the end of the transaction, on a connection that somebody else has by then.
  const askWithin: Ask = async (question) => {
    if (end !== undefined) throw new WazapiError("storage", { message: "the transaction is over" });
    try {
      return await ask(question);
    } catch (error) {
      first ??= error;
      throw error;
    }
  };
  const finish = async (how: "COMMIT" | "ROLLBACK"): Promise<void> => {
    end = how;
    const { command } = await ask({ text: how });
    // A transaction in which a statement failed answers a commit with its rollback.
    if (command !== how) throw new WazapiError("storage", { message: "the transaction was not committed" });
  };
  try {
    // Travels with the first statement of the work.
    const begun = askWithin({ text: begin });
    begun.catch(nothing);
    const result = await work(transactionOn(askWithin, () => (undone = true)));
    await begun;
    await finish(undone ? "ROLLBACK" : "COMMIT");
    return result;
  } catch (error) {
    // On a lost connection there is nothing left to undo, and the first failure is the one that tells why.
    await finish("ROLLBACK").catch(nothing);
    throw isAftermath(error) ? first : error;
  }
}

function transactionOn(ask: Ask, undo: () => void): Transaction {
  let orm: PgRemoteDatabase | undefined;
  return {
    ...queriesOn(ask),
    get orm() {
      return (orm ??= ormOn(ask));
    },
    script: async (text) => void (await ask({ text, withinMs: scriptTimeoutMs })),
    undo: (answer) => {
      undo();
      return answer;
    },
  };
}

/** The address with the schema as search path, beside whatever else it asks of the session. */
function addressOf({ dsn, schema }: DatabaseOptions): string {
  const url = URL.parse(dsn);
  // Nothing of it is quoted: it may hold a password.
  if (url === null) throw new WazapiError("invalid_config", { message: "the address of the database is not a URL" });
  if (schema !== undefined) {
    const others = url.searchParams.get("options") ?? "";
    url.searchParams.set("options", `${others} -c search_path=${schema}`.trim());
  }
  return url.href;
}

function nothing(): void {}
