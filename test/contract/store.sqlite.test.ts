import { afterAll, describe, expect, test } from "vitest";
import { watchDatabases } from "../store/database-watch.ts";
import { openQueryPlans } from "../store/query-plan.ts";
import { writtenStatements } from "../store/statements.ts";
import { openTestStore } from "../support/store.ts";
import { storeContract } from "./contract.ts";

const watch = watchDatabases();
afterAll(() => watch[Symbol.dispose]());

storeContract({ name: "sqlite", open: () => openTestStore() });

/** What may look at a whole table, and why. */
const allowed: readonly (readonly [statement: RegExp, why: string])[] = [
  [/^select .* from "instances" (where instr|order by "instances"."ordinal")/, "an operator's list of few rows"],
  [/^select count\(\*\) from "instances"/, "the total of that list"],
  [/from "nodes"/, "a row per process"],
  [/from "leases" where \("leases"."owner" is not null/, "a row per instance, at start and for operators"],
  [/FROM instance_removals$/, "empty but for a moment"],
  [/sqlite_schema|schema_migrations/, "a row per migration"],
  [/FROM sqlite_sequence /, "a row per table that counts"],
  [/FROM lanes AS lane *\n *ORDER BY/, "a row per URL, for operators and metrics"],
  [/^SELECT count\(\*\) AS ("files"|count).*FROM media/, "the counters of the media room, for operators"],
  [/ and false\b/, "an empty list of ids: nothing is looked at"],
];

// Runs last: by now the contract has used every statement.
describe("statements of the contract on sqlite", () => {
  test("every statement that is written by hand was among them", () => {
    expect(writtenStatements.filter((sql) => !watch.statements.has(sql))).toEqual([]);
  });

  test("none looks at a whole table or index", async () => {
    using plans = await openQueryPlans();
    const scanning: string[] = [];
    for (const sql of watch.statements) {
      if (allowed.some(([statement]) => statement.test(sql))) continue;
      for (const step of plans.of(sql) ?? []) {
        // Scans of what a subquery has narrowed down already, and of a JSON value, are not scans of a table.
        const scanned = /^SCAN (?!\(|CONSTANT ROW|json_each|hook\b|old\b)(.*)/.exec(step)?.[1];
        if (scanned !== undefined) scanning.push(`${scanned}: ${sql}`);
      }
    }
    expect(scanning).toEqual([]);
  });

  test("none that is written by hand is planned again for each value", () => {
    const peeking = writtenStatements.flatMap((sql) => {
      // What is assigned is not part of a plan.
      const conditions = sql.replaceAll(/\bSET\b[\s\S]*?(?=\bWHERE\b|\bRETURNING\b|$)/g, "");
      return /([=<>]|LIMIT) (@|\?)/.test(conditions) ? [sql] : [];
    });
    expect(peeking).toEqual([]);
  });

  test("none that is written by hand sorts", async () => {
    using plans = await openQueryPlans();
    const sorting = writtenStatements.filter((sql) => plans.of(sql)?.some((step) => step.includes("TEMP B-TREE")));
    expect(sorting).toEqual([]);
  });
});
