import { renderDocs } from "../docs.ts";
import { openApi } from "../openapi.ts";
import { operation, RawAnswer } from "../operation.ts";
import type { Operation, RequestContext } from "../operation.ts";

/** Routes that describe the others. The documents are made at the first request and kept, one of each. */
export function docsOperations(described: () => readonly Operation[]): readonly Operation[] {
  let made: { readonly json: string; readonly html: string } | undefined;
  const documents = ({ deps }: RequestContext) => {
    if (made === undefined) {
      const document = openApi(described(), { version: deps.version, webhooks: deps.webhookSchemas });
      made = { json: JSON.stringify(document), html: renderDocs(document) };
    }
    return made;
  };
  const json = async (context: RequestContext) =>
    new RawAnswer(documents(context).json, { contentType: "application/json; charset=utf-8" });
  const common = { method: "GET", tag: "system", scope: "public", answers: "application/json" } as const;
  return [
    operation({ ...common, id: "openApi", path: "/openapi.json", summary: "This API as OpenAPI 3.1", run: json }),
    operation({
      ...common,
      id: "openApiBelowDocs",
      path: "/docs/openapi.json",
      summary: "The same as /openapi.json",
      run: json,
    }),
    operation({
      ...common,
      id: "docs",
      path: "/docs",
      summary: "This API as a page",
      answers: "text/html",
      run: async (context) =>
        new RawAnswer(documents(context).html, {
          contentType: "text/html; charset=utf-8",
          headers: {
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
          },
        }),
    }),
  ];
}
