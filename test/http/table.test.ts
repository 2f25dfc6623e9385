import { expect, test } from "vitest";

import { pathNames } from "#http/openapi.ts";
import { operationTable } from "#http/routes/table.ts";

import { catalogue } from "./catalogue.ts";

const table = operationTable();
const routeOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

test("operationTable: ids are unique", () => {
  expect(duplicates(table.map(({ id }) => id))).toEqual([]);
});

test("operationTable: no two operations share verb and path", () => {
  expect(duplicates(table.map((one) => routeOf(one).replaceAll(/\{\w+\}/g, "{}")))).toEqual([]);
});

test("operationTable: every path parameter is declared or belongs to the instance prefix", () => {
  const undeclared = table.flatMap((one) => {
    const byScope = one.scope === "instance" || one.scope === "partner-instance" ? ["instanceId", "instanceToken"] : [];
    const declared = [...Object.keys(one.params?.shape ?? {}), ...byScope];
    return pathNames(one.path)
      .filter((name) => !declared.includes(name))
      .map((name) => `${one.id}: ${name}`);
  });
  expect(undeclared).toEqual([]);
});

test("operationTable: every declared parameter is in the path", () => {
  const idle = table.flatMap((one) =>
    Object.keys(one.params?.shape ?? {})
      .filter((name) => !pathNames(one.path).includes(name))
      .map((name) => `${one.id}: ${name}`),
  );
  expect(idle).toEqual([]);
});

test("operationTable: instance routes lie under the instance prefix, others do not carry its token", () => {
  for (const one of table) {
    const ofInstance = one.scope === "instance" || one.scope === "partner-instance";
    expect([one.id, one.path.includes("{instanceToken}")]).toEqual([one.id, ofInstance]);
  }
});

test("operationTable: every operation says what it answers", () => {
  expect(table.filter((one) => one.status !== 204 && one.response === undefined && one.answers === undefined)).toEqual(
    [],
  );
});

test("operationTable: every route of the catalogue exists", () => {
  const routes = new Set(table.map(routeOf));
  expect(catalogue.filter((route) => !routes.has(route))).toEqual([]);
});

function duplicates(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
