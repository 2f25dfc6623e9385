import { assetText } from "#lib/assets.ts";
import { WazapiError } from "#domain/errors.ts";

/** One step of the schema. Its number is the leading digits of its name. */
export interface Migration {
  /** `0001_init.sql`. */
  readonly name: string;
  readonly sql: string;
}

/** The migrations of one dialect in their order, from the files that belong to the program. */
export function loadMigrations(dialect: "sqlite" | "postgres"): readonly Migration[] {
  // The manifest exists because an executable cannot list its embedded files.
  const manifest = JSON.parse(assetText("migrations/index.json")) as Readonly<Record<string, readonly string[]>>;
  return (manifest[dialect] ?? []).map((name) => ({ name, sql: assetText(`migrations/${dialect}/${name}`) }));
}

/** Number of a migration: `0012_x.sql` is 12. */
export function migrationVersion(migration: Migration): number {
  return Number.parseInt(migration.name, 10);
}

/** What remains to be done on a database at version `found`. Throws `newer_schema` when this program is too old for it. */
export function pendingMigrations(migrations: readonly Migration[], found: number): readonly Migration[] {
  const known = Math.max(0, ...migrations.map(migrationVersion));
  if (found > known) {
    throw new WazapiError("newer_schema", {
      message: `the database has schema ${found}, this version of wazapi knows up to ${known}; start the newer version`,
      details: { found, known },
    });
  }
  return migrations.filter((migration) => migrationVersion(migration) > found);
}
