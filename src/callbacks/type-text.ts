/** The part of JSON Schema that payload schemas use. */
export interface PayloadSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly PayloadSchema[];
  readonly items?: PayloadSchema;
  readonly properties?: Readonly<Record<string, PayloadSchema>>;
  readonly required?: readonly string[];
  readonly description?: string;
}

/** A schema as a TypeScript type; nested lines are indented by `indent`. Throws for what payload schemas never hold. */
function typeText(schema: PayloadSchema, indent = ""): string {
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf !== undefined) {
    return [...new Set(schema.anyOf.map((one) => typeText(one, indent)))].join(" | ");
  }
  const names = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  if (names.length === 0) throw new Error("a payload schema without a type");
  return names.map((name) => named(name, schema, indent)).join(" | ");
}

/** The properties of an object schema, between braces. */
export function bodyText({ properties = {}, required = [] }: PayloadSchema, indent = ""): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).flatMap(([name, property]) => {
    const mark = required.includes(name) ? "" : "?";
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return [...docText(property.description, inner), `${inner}${key}${mark}: ${typeText(property, inner)};`];
  });
  return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${indent}}`;
}

/** A doc comment; nothing for nothing. */
export function docText(description: string | undefined, indent = ""): readonly string[] {
  return description === undefined ? [] : [`${indent}/** ${description.replaceAll("*/", "* /")} */`];
}

function named(type: string, schema: PayloadSchema, indent: string): string {
  switch (type) {
    case "string":
    case "boolean":
    case "null":
    case "number":
      return type;
    case "integer":
      return "number";
    case "array":
      return listText(typeText(schema.items ?? {}, indent));
    case "object":
      return bodyText(schema, indent);
    default:
      throw new Error(`no payload has the type ${type}`);
  }
}

function listText(item: string): string {
  return item.includes(" | ") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
}
