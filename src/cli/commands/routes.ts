import type { Declare } from "../command-table.ts";

/** `wazapi routes`. */
export const declareRoutes: Declare = (command, run) => {
  command.description("List every HTTP route of the server with who may call it.").action(
    run(async ({ out }) => {
      const { operationTable } = await import("#http/routes/table.ts");
      const routes = operationTable().map(({ id, method, path, scope, tag, summary, deprecated }) => ({
        method,
        path,
        id,
        scope,
        tag,
        summary,
        ...(deprecated === true && { deprecated }),
      }));
      out.document(routes, (page) =>
        page.table(
          ["METHOD", "PATH", "SCOPE", "SUMMARY"],
          routes.map(({ method, path, scope, summary }) => [method, path, scope, summary]),
        ),
      );
    }),
  );
};
