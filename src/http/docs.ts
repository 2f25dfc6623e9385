import type { JsonObject, OpenApiDocument } from "./openapi.ts";

const style = `
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem}
h2{margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
details{border:1px solid var(--line);border-radius:.4rem;margin:.3rem 0}
summary{cursor:pointer;padding:.4rem .7rem;display:flex;gap:.7rem;align-items:baseline}
summary b{min-width:4rem;font-family:ui-monospace,monospace}
summary code{overflow-wrap:anywhere}
summary span{margin-left:auto;opacity:.75;text-align:right}
.old{text-decoration:line-through}
.body{padding:0 .9rem .7rem}
pre{background:var(--soft);padding:.6rem;border-radius:.3rem;overflow:auto}
td,th{text-align:left;padding:.15rem .7rem .15rem 0;vertical-align:top}
nav a{margin-right:.8rem}`;

/** The document as one page: no script, no request to anywhere. */
export function renderDocs(document: OpenApiDocument): string {
  const sections = document.tags.map(({ name }) => section(document, name)).join("");
  const links = [...document.tags.map(({ name }) => name), "webhook bodies", "schemas"];
  const { title, version } = document.info;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escape(title)} ${escape(version)}</title><style>${style}</style></head><body>
<h1>${escape(title)} <small>${escape(version)}</small></h1>
<p>Every field of every route, made from <a href="/openapi.json">openapi.json</a>. Instance routes take the header
<code>Client-Token</code>, partner routes <code>Authorization: Bearer</code>. Errors are
<code>{"error", "code", "field"}</code>.</p>
<nav>${links.map((name) => `<a href="#${anchor(name)}">${escape(name)}</a>`).join("")}</nav>
${sections}${webhookSection(document)}${schemaSection(document)}</body></html>
`;
}

function section({ paths }: OpenApiDocument, tag: string): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, operation]) => Array.isArray(operation["tags"]) && operation["tags"].includes(tag))
      .map(([method, operation]) => row(method, path, operation)),
  );
  return `<h2 id="${anchor(tag)}">${escape(tag)}</h2>${rows.join("")}`;
}

function row(method: string, path: string, operation: JsonObject): string {
  const old = operation["deprecated"] === true ? ' class="old"' : "";
  const parameters = (operation["parameters"] ?? []) as readonly JsonObject[];
  const body = schemaIn(operation["requestBody"]);
  const answers = Object.entries((operation["responses"] ?? {}) as Record<string, unknown>).filter(
    ([status]) => status !== "default",
  );
  return `<details id="${escape(String(operation["operationId"]))}"><summary><b>${method.toUpperCase()}</b>
<code${old}>${escape(path)}</code><span>${escape(String(operation["summary"]))}</span></summary><div class="body">
${typeof operation["description"] === "string" ? `<p>${escape(operation["description"])}</p>` : ""}
${parameterTable(parameters)}${body === undefined ? "" : `<h4>Body</h4>${code(body)}`}
${answers.map(([status, answer]) => `<h4>Answer ${escape(status)}</h4>${code(schemaIn(answer) ?? {})}`).join("")}
</div></details>`;
}

function parameterTable(parameters: readonly JsonObject[]): string {
  if (parameters.length === 0) return "";
  const rows = parameters.map(
    ({ name, in: place, required, schema }) =>
      `<tr><td><code>${escape(String(name))}</code></td><td>${escape(String(place))}</td><td>${
        required === true ? "required" : ""
      }</td><td><code>${escape(JSON.stringify(schema))}</code></td></tr>`,
  );
  return `<table><tr><th>Name</th><th>In</th><th></th><th>Schema</th></tr>${rows.join("")}</table>`;
}

function webhookSection({ webhooks }: OpenApiDocument): string {
  const rows = Object.entries(webhooks).map(([name, { post }]) => {
    const body = schemaIn((post as JsonObject)["requestBody"]) ?? {};
    return `<details><summary><b>POST</b><code>${escape(name)}</code></summary><div class="body">${code(body)}</div></details>`;
  });
  return `<h2 id="${anchor("webhook bodies")}">webhook bodies</h2>${rows.join("")}`;
}

function schemaSection({ components }: OpenApiDocument): string {
  const rows = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details><summary><code>${escape(name)}</code></summary><div class="body">${code(schema)}</div></details>`,
  );
  return `<h2 id="${anchor("schemas")}">schemas</h2>${rows.join("")}`;
}

/** The first schema among the content types of a body or answer. */
function schemaIn(part: unknown): unknown {
  const content = (part as JsonObject | undefined)?.["content"] as Record<string, JsonObject> | undefined;
  return Object.values(content ?? {})[0]?.["schema"];
}

function code(schema: unknown): string {
  return `<pre>${escape(JSON.stringify(schema, undefined, 2))}</pre>`;
}

function anchor(name: string): string {
  return `tag-${name.replaceAll(/\W+/g, "-")}`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? char);
}
