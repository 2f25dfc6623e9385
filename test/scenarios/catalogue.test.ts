import { expect, test } from "vitest";
import { operationTable } from "#http/routes/table.ts";
import { messageCatalogue } from "./catalogue.ts";

const routes = new Set(operationTable().map(({ method, path }) => `${method} ${path}`));

test.each(messageCatalogue)("%s", (route) => {
  expect(routes).toContain(route);
});

test("every route that sends is one of the catalogue: nothing is sent under a name of our own", () => {
  const sending = operationTable().filter((one) => one.sends === true && one.path.startsWith("/instances/"));
  expect(
    sending.map(({ method, path }) => `${method} ${path}`).filter((one) => !messageCatalogue.includes(one)),
  ).toEqual([]);
});
