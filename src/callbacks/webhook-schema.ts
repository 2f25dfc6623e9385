import { callbackSchemas } from "./catalogue.ts";

/** One JSON Schema (draft 2020-12) that every webhook body obeys, with each webhook under its name in `$defs`. */
export function webhookSchema(): Readonly<Record<string, unknown>> {
  const all = Object.entries(callbackSchemas()).map(([name, { summary, schema }]) => {
    const { $schema: _dialect, ...rest } = schema;
    return [name, { title: name, description: summary, ...rest }] as const;
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "wazapi webhooks",
    anyOf: all.map(([name]) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(all),
  };
}
