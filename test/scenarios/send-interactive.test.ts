import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWeb } from "../media/web.ts";
import { dot, listNodes, readable } from "./interactive.ts";
import { moneyRows, order, update } from "./interactive-money.ts";
import { buttonRows, menuRows } from "./interactive-rows.ts";
import { type Arrival, openScenario, type Scenario, type WebhookBody } from "./rig.ts";

const parts = new AsyncDisposableStack();
let scenario: Scenario;
let film: string;
beforeAll(async () => {
  scenario = parts.use(await openScenario());
  film = `data:video/mp4;base64,${await readFile("test/media/fixtures/film.mp4", "base64")}`;
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

describe("what the contact's device decrypts, and what our own webhook says of it", () => {
  test.each([...buttonRows, ...menuRows, ...moneyRows])("%s", async (_name, path, body, expected) => {
    const sent = await send(path, body);
    expect(readable(sent.entry.content)).toMatchObject({
      [expected.type === "list" ? "listMessage" : "interactiveMessage"]: expected.message,
    });
    expect(sent.entry.nodes).toEqual(expected.nodes);
    const webhook = await own(sent);
    expect(webhook).toMatchObject({ fromMe: true, fromApi: true, ...expected.webhook });
  });

  test("a film above the buttons arrives whole", async () => {
    const { entry } = await send("/send-button-list", {
      message: "x",
      buttons: [{ id: "1", title: "A" }],
      video: film,
    });
    const { videoMessage } = (entry.content["interactiveMessage"] as { header: { videoMessage: object } }).header;
    expect(videoMessage).toMatchObject({
      mimetype: "video/mp4",
      directPath: expect.any(String),
      mediaKey: expect.any(String),
    });
  });

  test("cards whose addresses do not tell what they lead to, and one that leads to neither picture nor film", async () => {
    const files: Readonly<Record<string, Buffer>> = {
      "/1": Buffer.from(dot.split(",")[1] ?? "", "base64"),
      "/2": await readFile("test/media/fixtures/film.mp4"),
      "/3": Buffer.from("%PDF-1.4\n%%EOF\n"),
    };
    await using web = await startWeb((request, response) => response.end(files[request.url ?? ""]));
    const card = (path: string) => ({ mediaUrl: web.url(path), body: path });
    const { entry } = await send("/send-carousel", { cards: [card("/1"), card("/2")] });
    expect(entry.content).toMatchObject({
      interactiveMessage: {
        carouselMessage: {
          cards: [
            { header: { imageMessage: { directPath: expect.any(String) } } },
            { header: { videoMessage: { directPath: expect.any(String) } } },
          ],
        },
      },
    });
    const refused = await scenario.ask("POST", "/send-carousel", { phone: scenario.contact, cards: [card("/3")] });
    expect(refused).toMatchObject({ body: { code: "media_rejected" } });
  });

  test("a card may have answers beside other buttons", async () => {
    const buttons = [
      { type: "URL", label: "Site", url: "https://a.example" },
      { type: "REPLY", label: "Take", id: "one" },
    ];
    const { entry } = await send("/send-carousel", { carousel: [{ text: "One", image: dot, buttons }] });
    const names = [{ name: "cta_url" }, { name: "quick_reply" }];
    expect(entry.content).toMatchObject({
      interactiveMessage: { carouselMessage: { cards: [{ nativeFlowMessage: { buttons: names } }] } },
    });
  });

  test("the ids of an order come back with its webhook, and its updates answer its message", async () => {
    const { reviewAndPay } = await own(await send("/send-order", { order }));
    const { referenceId, orderRequestId } = reviewAndPay as {
      readonly referenceId: string;
      readonly orderRequestId: string;
    };
    const { messageId } = await send("/send-order", { order });
    const news = await send("/order-payment-update", { ...update, messageId, referenceId, orderRequestId });
    expect(readable(news.entry.content)).toMatchObject({
      interactiveMessage: {
        contextInfo: { stanzaId: messageId, quotedMessage: { interactiveMessage: expect.anything() } },
        nativeFlowMessage: {
          buttons: [{ params: { reference_id: referenceId, order: { order_request_id: orderRequestId } } }],
        },
      },
    });
    const webhook = await own(news);
    expect(webhook).toMatchObject({ referenceMessageId: messageId, reviewOrder: { referenceId, orderRequestId } });
  });

  test("in a group, with a quote and a mention", async () => {
    const { group, contact } = scenario;
    const quoted = await scenario.receive({ text: "what is there?" }, { to: group.jid });
    await scenario.webhook("the question", (hook) => hook["messageId"] === quoted);
    const sent = await send("/send-option-list", {
      phone: group.phone,
      messageId: quoted,
      mentioned: [contact],
      message: "Choose",
      buttonLabel: "Open",
      sections: [{ title: "All", rows: [{ id: "a", title: "A" }] }],
    });
    expect(sent.entry).toMatchObject({
      chat: group.jid,
      nodes: listNodes,
      content: { listMessage: { contextInfo: { stanzaId: quoted, mentionedJid: [`${contact}@s.whatsapp.net`] } } },
    });
  });
});

describe("the same as text", () => {
  const texts: readonly (readonly [path: string, body: Record<string, unknown>, text: string])[] = [
    [
      "/send-button-list",
      { message: "Well?", title: "T", footer: "F", buttons: [{ title: "Yes" }, { title: "No" }] },
      "*T*\n\nWell?\n\n1. Yes\n2. No\n\nF",
    ],
    [
      "/send-button-actions",
      {
        message: "Well?",
        buttonActions: [
          { type: "URL", label: "Site", url: "https://a.example" },
          { type: "CALL", label: "Call", phone: "190" },
        ],
      },
      "Well?\n\n1. Site: https://a.example\n2. Call: 190",
    ],
    ["/send-button-otp", { message: "Well?", code: "77", buttonText: "Code" }, "Well?\n\n1. Code: 77"],
    [
      "/send-button-pix",
      { pixKey: "k", type: "EVP", name: "Shop", amount: 1.5 },
      "Pagamento via PIX\n\nShop (EVP)\nk\nBRL 1.50",
    ],
    [
      "/send-option-list",
      {
        message: "Choose",
        buttonLabel: "Open",
        sections: [
          { title: "One", rows: [{ title: "A", description: "first" }] },
          { title: "Two", rows: [{ title: "B" }, { title: "C" }] },
        ],
      },
      "Choose\n\n*One*\n1. A: first\n\n*Two*\n2. B\n3. C",
    ],
    [
      "/send-carousel",
      {
        message: "Look",
        carousel: [
          { text: "One", image: dot, buttons: [{ type: "REPLY", label: "A" }] },
          { text: "Two", image: dot, buttons: [{ type: "REPLY", label: "B" }] },
        ],
      },
      "Look\n\nOne\n1. A\n\nTwo\n2. B",
    ],
    [
      "/order-status-update",
      { ...update, message: "News" },
      "News\n\nREF: shipped\n\n2 × Cake: BRL 599.90\n1 × Tea: BRL 0.10\ndiscount: BRL 10.00\ntax: BRL 5.00\nshipping: BRL 10.00\ntotal: BRL 605.00",
    ],
  ];
  test.each(texts)("%s", async (path, body, text) => {
    const { entry } = await send(path, { ...body, sendAsText: true });
    expect(entry).toMatchObject({ type: "text", text });
    expect(entry).not.toHaveProperty("nodes");
  });

  test("a picture stays above it", async () => {
    const body = { message: "Well?", image: dot, buttons: [{ title: "Yes" }], sendAsText: true };
    const { entry } = await send("/send-button-list", body);
    expect(entry).toMatchObject({ type: "image", media: { caption: "Well?\n\n1. Yes" } });
    expect((await scenario.bytesOf(entry)).length).toBe(entry.media?.fileLength);
  });
});

describe("the contact answers", () => {
  test("a button", async () => {
    const { messageId } = await send("/send-button-list", {
      message: "Well?",
      buttonList: { buttons: [{ id: "yes", label: "Yes" }, { label: "No" }] },
    });
    expect(await answer({ buttonReply: { messageId, id: "yes", label: "Yes" } })).toMatchObject({
      referenceMessageId: messageId,
      buttonsResponseMessage: { buttonId: "yes", message: "Yes" },
    });
  });

  test("a button of a card", async () => {
    const { messageId } = await send("/send-carousel", {
      message: "Look",
      carousel: [{ text: "One", image: dot, buttons: [{ type: "REPLY", label: "Take", id: "one" }] }],
    });
    expect(await answer({ buttonReply: { messageId, id: "one", label: "Take" } })).toMatchObject({
      referenceMessageId: messageId,
      buttonsResponseMessage: { buttonId: "one", message: "Take" },
    });
  });

  test("a row of a list", async () => {
    const { messageId } = await send("/send-option-list", {
      message: "Choose",
      optionList: { title: "Menu", buttonLabel: "Open", options: [{ id: "a", title: "A", description: "first" }] },
    });
    expect(await answer({ listReply: { messageId, id: "a", label: "A" } })).toMatchObject({
      referenceMessageId: messageId,
      listResponseMessage: { title: "A", selectedRowId: "a", message: "first" },
    });
  });
});

function send(path: string, body: Readonly<Record<string, unknown>>): Promise<Arrival> {
  return scenario.send(path, { delayMessage: 0, ...body });
}

/** The webhook of a message we sent. */
function own({ messageId }: Arrival): Promise<WebhookBody> {
  return scenario.webhook(
    `our own ${messageId}`,
    (hook) => hook["messageId"] === messageId && hook["type"] === "ReceivedCallback",
  );
}

/** The webhook of what the contact answers. */
async function answer(content: Parameters<Scenario["receive"]>[0]): Promise<WebhookBody> {
  const messageId = await scenario.receive(content);
  return await scenario.webhook("the answer", (hook) => hook["messageId"] === messageId);
}
