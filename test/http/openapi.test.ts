import { expect, test } from "vitest";

import { renderDocs } from "#http/docs.ts";
import { openApi, openApiText } from "#http/openapi.ts";
import { operationTable } from "#http/routes/table.ts";

const webhook = { type: "object", properties: { type: { const: "ReceivedCallback" } }, required: ["type"] };
const make = () => openApi(operationTable(), { version: "1.2.3", webhooks: { ReceivedCallback: webhook } });

test("openApi: the same operations give the same text", () => {
  expect(openApiText(make())).toBe(openApiText(make()));
});

test("openApi: every operation is in it, with its error answer and its security", () => {
  const { paths } = make();
  for (const one of operationTable()) {
    const described = paths[one.path]?.[one.method.toLowerCase()];
    expect(described).toMatchObject({ operationId: one.id, responses: { default: {} } });
    if (one.scope === "public") expect(described).toMatchObject({ security: [] });
    else expect(described).toMatchObject({ security: expect.arrayContaining([expect.anything()]) });
  }
});

test("openApi: every reference leads to a schema", () => {
  const document = make();
  const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
  expect(references.length).toBeGreaterThan(10);
  for (const reference of new Set(references)) {
    const name = /^"\$ref":"#\/components\/schemas\/(\w+)"$/.exec(reference)?.[1];
    expect(document.components.schemas).toHaveProperty(name ?? reference);
  }
});

test("openApi: webhooks carry the schemas that were given", () => {
  expect(make().webhooks).toMatchObject({
    ReceivedCallback: { post: { requestBody: { content: { "application/json": { schema: webhook } } } } },
  });
});

test("openApi: a body that may be left out is not required, and aliases are named", () => {
  const { paths } = make();
  const prefix = "/instances/{instanceId}/token/{instanceToken}";
  expect(paths[`${prefix}/queue`]?.["post"]).toMatchObject({ requestBody: { required: false } });
  expect(paths[`${prefix}/send-text`]?.["post"]).toMatchObject({
    requestBody: {
      required: true,
      content: {
        "application/json": { schema: { required: ["phone", "message"], properties: { text: expect.anything() } } },
      },
    },
  });
});

test("openApi: what only a phone can confirm says so, in the docs too", () => {
  const { paths } = make();
  const experimental = Object.entries(paths).flatMap(([path, { post }]) =>
    post?.["x-experimental"] === true ? [[path.split("/").at(-1), String(post["description"]).slice(0, 13)]] : [],
  );
  expect(experimental.toSorted()).toEqual(
    [
      "order-payment-update",
      "order-status-update",
      "send-button-actions",
      "send-button-list",
      "send-button-otp",
      "send-button-pix",
      "send-carousel",
      "send-option-list",
      "send-order",
    ].map((route) => [route, "Experimental:"]),
  );
  expect(renderDocs(make())).toContain("<p>Experimental:");
});

test("renderDocs: one page without scripts and without requests to elsewhere", () => {
  const html = renderDocs(make());
  expect(html).toContain("/send-text");
  expect(html).toContain("ReceivedCallback");
  expect(html).not.toMatch(/<script|<link|<img|src=|https?:\/\//i);
});
