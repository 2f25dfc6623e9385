import { z } from "zod";

import type { Operation, Scope } from "./operation.ts";
import { errorBody } from "./schemas.ts";

/** Any JSON object of the document. */
export type JsonObject = { [name: string]: unknown };

/** The parts of an OpenAPI 3.1 document that readers here use. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: JsonObject & { readonly title: string; readonly version: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly webhooks: Readonly<Record<string, JsonObject>>;
  readonly components: { readonly schemas: JsonObject; readonly securitySchemes: JsonObject };
}

const json = "application/json";

const securityByScope: Readonly<Record<Scope, readonly JsonObject[]>> = {
  instance: [{ clientToken: [] }],
  partner: [{ partnerToken: [] }],
  "partner-instance": [{ partnerToken: [] }],
  operator: [{ partnerToken: [] }, { operatorPassword: [] }],
  public: [],
};

/** What the documents say of an experimental operation. */
const experimentalText =
  "Experimental: whether the message is shown depends on the recipient's phone, its version of WhatsApp and the kind of " +
  "account that sends; the status `sent` says that WhatsApp took it, not that anybody sees it. `sendAsText: true` sends " +
  "the same as plain text.";

/** The document of these operations. Pure, and the same input gives the same text. */
export function openApi(
  operations: readonly Operation[],
  info: { readonly version: string; readonly webhooks: Readonly<Record<string, unknown>> },
): OpenApiDocument {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describe(operation, schemas);
  }
  const webhooks = Object.fromEntries(
    Object.entries(info.webhooks).map(([name, schema]) => [
      name,
      { post: describeWebhook(name, schemas.lift(schema)) },
    ]),
  );
  return {
    openapi: "3.1.0",
    info: {
      title: "wazapi",
      version: info.version,
      description: "A self-hosted WhatsApp HTTP API. Routes and field names are Z-API's; errors carry a stable `code`.",
      license: { name: "GPL-3.0-or-later", identifier: "GPL-3.0-or-later" },
    },
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    webhooks,
    components: {
      schemas: schemas.named(),
      securitySchemes: {
        clientToken: { type: "apiKey", in: "header", name: "Client-Token" },
        partnerToken: { type: "http", scheme: "bearer" },
        operatorPassword: { type: "http", scheme: "basic" },
      },
    },
  };
}

/** The document as the committed file holds it. */
export function openApiText(document: OpenApiDocument): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function describe(operation: Operation, schemas: Schemas): JsonObject {
  const error = { description: "Refused", content: { [json]: { schema: schemas.of(errorBody, "output") } } };
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [operation.tag],
    ...(operation.deprecated === true && { deprecated: true }),
    ...(operation.experimental === true && { "x-experimental": true, description: experimentalText }),
    security: securityByScope[operation.scope],
    parameters: [...pathParameters(operation, schemas), ...queryParameters(operation, schemas), ...headers(operation)],
    ...(operation.body !== undefined && {
      requestBody: {
        required: !operation.body.safeParse({}).success,
        content: { [json]: { schema: withAliases(schemas.of(operation.body, "input"), operation.aliases) } },
      },
    }),
    ...(operation.takes !== undefined && {
      requestBody: { required: true, content: { [operation.takes]: { schema: { type: "string", format: "binary" } } } },
    }),
    responses: { [operation.status ?? 200]: success(operation, schemas), default: error },
  };
}

function success(operation: Operation, schemas: Schemas): JsonObject {
  const content: JsonObject = {};
  if (operation.response !== undefined) content[json] = { schema: schemas.of(operation.response, "output") };
  if (operation.answers !== undefined) content[operation.answers] ??= { schema: { type: "string" } };
  return Object.keys(content).length === 0 ? { description: "Done" } : { description: "Done", content };
}

/** Every `{name}` of the path, described by the operation's schema when it has one. */
function pathParameters(operation: Operation, schemas: Schemas): readonly JsonObject[] {
  return pathNames(operation.path).map((name) => {
    const declared = operation.params?.shape[name];
    return {
      name,
      in: "path",
      required: true,
      schema: declared === undefined ? { type: "string" } : schemas.of(declared, "input"),
    };
  });
}

/** Names of the parameters in an OpenAPI path. */
export function pathNames(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
}

function queryParameters({ query }: Operation, schemas: Schemas): readonly JsonObject[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: !schema.safeParse(undefined).success,
    schema: schemas.of(schema, "input"),
  }));
}

function headers({ sends }: Operation): readonly JsonObject[] {
  if (sends !== true) return [];
  return [
    {
      name: "Idempotency-Key",
      in: "header",
      required: false,
      description: "A repeated request with the same key answers the first one's ids and sends nothing",
      schema: { type: "string", maxLength: 255 },
    },
  ];
}

function withAliases(schema: JsonObject, aliases: Readonly<Record<string, string>> = {}): JsonObject {
  const properties = schema["properties"];
  if (typeof properties !== "object" || properties === null || Object.keys(aliases).length === 0) return schema;
  const added = Object.entries(aliases).map(([alias, name]) => [alias, { description: `Another name of \`${name}\`` }]);
  return { ...schema, properties: { ...properties, ...Object.fromEntries(added) } };
}

function describeWebhook(name: string, schema: JsonObject): JsonObject {
  return {
    operationId: name,
    tags: ["webhooks"],
    requestBody: { required: true, content: { [json]: { schema } } },
    responses: { "2XX": { description: "Taken; anything else is delivered again" } },
  };
}

/** Turns zod schemas into JSON Schema and gathers those with an id under `components`. */
class Schemas {
  readonly #named = new Map<string, JsonObject>();

  of(schema: z.core.$ZodType, io: "input" | "output"): JsonObject {
    const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
    return this.lift(rest);
  }

  /** Moves `$defs` to the components and points the references there. */
  lift(schema: unknown): JsonObject {
    if (typeof schema !== "object" || schema === null) return {};
    const { $defs, $schema: _dialect, id, ...rest } = schema as JsonObject;
    for (const [name, definition] of Object.entries(($defs ?? {}) as JsonObject)) this.#add(name, definition);
    const own = referencesMoved(rest) as JsonObject;
    if (typeof id !== "string") return own;
    this.#add(id, rest);
    return { $ref: `#/components/schemas/${id}` };
  }

  named(): JsonObject {
    return Object.fromEntries([...this.#named].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  #add(name: string, definition: unknown): void {
    const moved = referencesMoved(definition) as JsonObject;
    const known = this.#named.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(moved)) {
      throw new Error(`two schemas are called ${name}`);
    }
    this.#named.set(name, moved);
  }
}

function referencesMoved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referencesMoved);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "id" || typeof Reflect.get(value, "id") !== "string")
      .map(([name, inner]) =>
        name === "$ref" && typeof inner === "string"
          ? [name, inner.replace("#/$defs/", "#/components/schemas/")]
          : [name, referencesMoved(inner)],
      ),
  );
}
