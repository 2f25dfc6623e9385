import { Client } from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { openPostgresPlans } from "../store/postgres-plans.ts";
import { writtenStatements } from "../store/postgres-statements.ts";
import { describeOnPostgres } from "../support/postgres.ts";
import { storeContract } from "./contract.ts";

/** What may look at a whole table or index, and why. */
const allowed: readonly (readonly [statement: RegExp, why: string])[] = [
  [/from "instances" (where strpos|order by "instances"."ordinal")/, "an operator's list of few rows"],
  [/^select count\(\*\) from "instances"/, "the total of that list"],
  [/^select "instance_id", "hooks" from "instances"$/, "an operator revives dead letters of all instances"],
  [/from "nodes"/, "a row per process"],
  [/from "leases" where \("leases"."owner" is not null/, "a row per instance, at start and for operators"],
  [/FROM instance_removals$/, "empty but for a moment"],
  [/schema_migrations/, "a row per migration"],
  [/ events_position_seq\b/, "a sequence has one row"],
  [/FROM lanes AS lane *\n *ORDER BY/, "a row per URL, for operators and metrics"],
  [/owner IS NOT NULL AND owner <> \$1/, "partial indexes of what is claimed now"],
  [/^SELECT min\(due_at\) AS "dueAt" FROM media /, "the first row of a partial index"],
  [/^SELECT\s+\(SELECT count\(\*\) FROM media_files\)/, "the counters of the media room, for operators"],
  [/FROM queue_lines AS line WHERE owner IS NOT NULL/, "a partial index of what is claimed now"],
];

await describeOnPostgres("postgres", (postgres) => {
  const asked = new Set<string>();
  const query: unknown = Reflect.get(Client.prototype, "query");
  if (typeof query !== "function") throw new Error("pg asks in another way");
  Reflect.set(Client.prototype, "query", function watched(this: Client, ...values: readonly unknown[]): unknown {
    const [question] = values;
    if (typeof question === "string") asked.add(question);
    else if (typeof question === "object" && question !== null && "text" in question) asked.add(String(question.text));
    return Reflect.apply(query, this, values);
  });
  afterAll(() => void Reflect.set(Client.prototype, "query", query));

  storeContract({ name: "postgres", open: () => postgres.openStore() });

  // Runs last: by now the contract has used every statement.
  describe("statements of the contract on postgres", () => {
    test("every statement that is written by hand was among them", () => {
      expect(writtenStatements.filter(({ text }) => !asked.has(text)).map(({ name }) => name)).toEqual([]);
    });

    test("a name stands for one text", () => {
      expect(new Set(writtenStatements.map(({ name }) => name)).size).toBe(writtenStatements.length);
    });

    test("none looks at a whole table or index", async () => {
      const statements = [...asked];
      await using plans = await openPostgresPlans(postgres);
      const scanning: string[] = [];
      for (const text of statements) {
        if (allowed.some(([statement]) => statement.test(text))) continue;
        for (const scan of (await plans.scansOf(text)) ?? []) scanning.push(`${scan}: ${text}`);
      }
      expect(scanning).toEqual([]);
    });
  });
});
