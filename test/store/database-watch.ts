import Database from "better-sqlite3";

/** Everything this process says to SQLite while it is watched. Disposing ends the watch. */
export interface DatabaseWatch extends Disposable {
  /** Statements that were prepared, with their placeholders. */
  readonly statements: ReadonlySet<string>;
  /** Connections that prepared one, in order of appearance. */
  readonly databases: ReadonlySet<Database.Database>;
}

/** Starts watching all connections of this process. */
export function watchDatabases(): DatabaseWatch {
  const statements = new Set<string>();
  const databases = new Set<Database.Database>();
  const prepare: unknown = Reflect.get(Database.prototype, "prepare");
  if (typeof prepare !== "function") throw new Error("better-sqlite3 prepares in another way");
  Reflect.set(Database.prototype, "prepare", function watched(this: Database.Database, sql: string): unknown {
    statements.add(sql);
    databases.add(this);
    return Reflect.apply(prepare, this, [sql]);
  });
  return {
    statements,
    databases,
    [Symbol.dispose]: () => {
      Reflect.set(Database.prototype, "prepare", prepare);
    },
  };
}
