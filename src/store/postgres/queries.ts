import { drizzle, type PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import { DatabaseError, type PoolClient } from "pg";
import { storageError } from "./postgres-errors.ts";
import type { Statement, Value } from "./statement.ts";

/** Runs prepared statements. */
export interface Queries {
  /** The statement's rows; whole numbers come as numbers. `Row` is what the statement selects. */
  readonly rows: <Row>(statement: Statement, values: readonly Value[]) => Promise<readonly Row[]>;
  /** How many rows the statement touched. */
  readonly run: (statement: Statement, values: readonly Value[]) => Promise<number>;
}

/** One statement on its way. */
export interface Question {
  readonly text: string;
  readonly name?: string;
  readonly values?: readonly unknown[];
  /** Rows as lists of their columns. */
  readonly asLists?: boolean;
  /** How long the answer may take, when it is not what the connection allows. */
  readonly withinMs?: number;
}

/** What the server answered. */
export interface Answer {
  /** Objects, or lists where they were asked for. */
  readonly rows: readonly unknown[];
  readonly rowCount: number | null;
  /** `SELECT`, `COMMIT`… */
  readonly command: string;
}

/** Asks the server. Throws `storage` when the connection is lost, and the server's own error when it refuses. */
export type Ask = (question: Question) => Promise<Answer>;

/** Asks on this connection. What is asked in the same turn goes out in one piece. */
export function askOn(client: PoolClient): Ask {
  const { stream } = client.connection;
  return async ({ text, name, values, asLists, withinMs }) => {
    // A statement is several small messages, and handing each to the system costs more than all else about it.
    stream.cork();
    process.nextTick(() => stream.uncork());
    try {
      return await client.query({
        text,
        ...(name === undefined ? {} : { name }),
        ...(values === undefined ? {} : { values: values.map(wireValue) }),
        ...(asLists === true ? { rowMode: "array" } : {}),
        ...(withinMs === undefined ? {} : { query_timeout: withinMs }),
      });
    } catch (error) {
      throw error instanceof DatabaseError ? error : storageError(error);
    }
  };
}

/** Prepared statements by way of `ask`. */
export function queriesOn(ask: Ask): Queries {
  return {
    rows: async <Row>({ name, text }: Statement, values: readonly Value[]) => {
      const { rows } = await ask({ name, text, values });
      // The caller names what its statement selects.
      return rows as readonly Row[];
    },
    run: async ({ name, text }, values) => (await ask({ name, text, values })).rowCount ?? 0,
  };
}

/** Drizzle by way of `ask`. What it throws wraps the server's error and quotes the parameters, see `driverError`. */
export function ormOn(ask: Ask): PgRemoteDatabase {
  return drizzle(async (text, values) => {
    const { rows } = await ask({ text, values, asLists: true });
    return { rows: [...rows] };
  });
}

/**
 * The parameter as Postgres takes it: a text cannot hold the character zero there, and people's names and servers'
 * answers do hold it. It becomes the replacement character, as any other unreadable byte would.
 */
function wireValue(value: unknown): unknown {
  if (typeof value === "string") return value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
  return Array.isArray(value) ? value.map(wireValue) : value;
}
