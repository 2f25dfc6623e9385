import { createDecipheriv, hkdfSync } from "node:crypto";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWeb, type Web } from "../media/web.ts";
import { openScenario, type Scenario } from "./rig.ts";
import { type Body, contentOf, toolsOf } from "./social-tools.ts";

const parts = new AsyncDisposableStack();
let world: Scenario;
let web: Web;
let picture: Buffer;

beforeAll(async () => {
  picture = await sharp({ create: { width: 640, height: 480, channels: 3, background: "teal" } })
    .jpeg()
    .toBuffer();
  web = parts.use(
    await startWeb((request, response) => {
      if (request.url !== "/a.jpg") return void response.writeHead(404).end("gone");
      response.writeHead(200, { "content-type": "image/jpeg", "content-length": picture.length }).end(picture);
    }),
  );
  world = parts.use(await openScenario({ wire: "any" }));
}, 60_000);

afterAll(() => parts.disposeAsync(), 60_000);

const refusal = (path: string, body: Body) => toolsOf(world).refusal(path, body);

describe("links", () => {
  const link = { linkUrl: "https://example.com/offer", title: "Offer", linkDescription: "Only today" };

  test("text and card, with a small picture", async () => {
    const { entry, answer } = await world.send("/send-link", {
      ...link,
      message: "Look: https://example.com/offer",
      image: web.url("/a.jpg"),
    });
    const card = contentOf(entry)["extendedTextMessage"];
    expect(card).toMatchObject({
      text: "Look: https://example.com/offer",
      matchedText: "https://example.com/offer",
      title: "Offer",
      description: "Only today",
    });
    const thumbnail = await sharp(Buffer.from(String(card?.["jpegThumbnail"]), "base64")).metadata();
    expect(thumbnail).toMatchObject({ format: "jpeg" });
    expect(card).not.toHaveProperty("thumbnailDirectPath");
    expect(answer).not.toHaveProperty("warning");
  });

  test("large: the picture is a file of its own, encrypted as one of a link", async () => {
    const body = { ...link, linkType: "LARGE", image: web.url("/a.jpg"), phone: world.group.phone };
    const { entry } = await world.send("/send-link", body);
    const card = contentOf(entry)["extendedTextMessage"] ?? {};
    expect(card).toMatchObject({ thumbnailWidth: 640, thumbnailHeight: 480 });
    const host = world.sandbox.control.config().mediaUrl;
    const encrypted = Buffer.from(await (await fetch(`${host}${String(card["thumbnailDirectPath"])}`)).arrayBuffer());
    const secret = Buffer.from(String(card["mediaKey"]), "base64");
    const keys = Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(32), "WhatsApp Link Thumbnail Keys", 112));
    const decipher = createDecipheriv("aes-256-cbc", keys.subarray(16, 48), keys.subarray(0, 16));
    const plain = Buffer.concat([decipher.update(encrypted.subarray(0, -10)), decipher.final()]);
    expect(await sharp(plain).metadata()).toMatchObject({ width: 640, height: 480 });
  });

  test.each<[name: string, message: Body, text: string]>([
    ["below the text", { message: "Look" }, "Look\n\nhttps://example.com/offer"],
    ["alone", {}, "https://example.com/offer"],
    ["where it is already", { message: "https://example.com/offer, now" }, "https://example.com/offer, now"],
  ])("the address stands %s", async (_name, message, text) => {
    const { entry } = await world.send("/send-link", { linkUrl: link.linkUrl, ...message });
    expect(entry).toMatchObject({ type: "text", text });
  });

  test("a picture that cannot be had is left out, and the answer says so", async () => {
    const { entry, answer } = await world.send("/send-link", { ...link, image: web.url("/gone.jpg") });
    expect(contentOf(entry)["extendedTextMessage"]).toMatchObject({ title: "Offer" });
    expect(contentOf(entry)["extendedTextMessage"]).not.toHaveProperty("jpegThumbnail");
    expect(answer["warning"]).toContain("without its picture");
  });

  test("the catalogue of a business, in the language asked for or in words of one's own", async () => {
    const url = "https://wa.me/c/5511988887777";
    const catalog = { catalogPhone: "5511988887777" };
    const english = await world.send("/send-catalog", { ...catalog, translation: "EN" });
    expect(english.entry.text).toMatch(/^Have a look.*\nhttps:\/\/wa\.me\/c\/5511988887777$/);
    const words = { message: "Veja", title: "Loja", catalogDescription: "Tudo" };
    const own = await world.send("/send-catalog", { ...catalog, translation: "PT", ...words });
    expect(contentOf(own.entry)["extendedTextMessage"]).toMatchObject({
      text: `Veja\n${url}`,
      matchedText: url,
      title: "Loja",
      description: "Tudo",
    });
  });
});

describe("places", () => {
  test.each<[name: string, body: Body]>([
    ["Z-API", { title: "Office", latitude: "-23.55052", longitude: "-46.633308" }],
    ["the Go system", { name: "Office", latitude: -23.55052, longitude: -46.633308 }],
  ])("as %s writes it", async (_name, body) => {
    const { entry } = await world.send("/send-location", { address: "Av. Paulista, 1", ...body });
    expect(entry).toMatchObject({ type: "location", text: "Office" });
    expect(contentOf(entry)["locationMessage"]).toMatchObject({
      degreesLatitude: -23.55052,
      degreesLongitude: -46.633308,
      name: "Office",
      address: "Av. Paulista, 1",
    });
  });

  test("in a group, quoting and mentioning", async () => {
    const target = await toolsOf(world).received({ text: "where?" }, { from: world.other, to: world.group.jid });
    const { entry } = await world.send("/send-location", {
      phone: world.group.phone,
      messageId: target,
      mentioned: [world.other],
      title: "Here",
      latitude: 0,
      longitude: "0",
    });
    const { contextInfo } = contentOf(entry)["locationMessage"] ?? {};
    expect(contextInfo).toMatchObject({
      stanzaId: target,
      quotedMessage: { conversation: "where?" },
      mentionedJid: [`${world.other}@s.whatsapp.net`],
    });
  });
});

describe("business cards", () => {
  const lines = (card: unknown): string[] => String(card).split("\n");

  test("one, with its number alone", async () => {
    const { entry } = await world.send("/send-contact", { contactName: "Ana", contactPhone: "+55 (11) 98888-7777" });
    expect(entry).toMatchObject({ type: "contact", text: "Ana" });
    expect(lines(contentOf(entry)["contactMessage"]?.["vcard"])).toEqual([
      "BEGIN:VCARD",
      "VERSION:3.0",
      "N:;Ana;;;",
      "FN:Ana",
      "TEL;type=CELL;type=VOICE;waid=5511988887777:+5511988887777",
      "END:VCARD",
    ]);
  });

  test("one, with everything; what means something in a vCard is escaped", async () => {
    const { entry } = await world.send("/send-contact", {
      contactName: "Ana; Silva, Ltda",
      contactPhone: 5511988887777,
      contactBusinessDescription: "We sell\nEND:VCARD",
      firstName: "Ana",
      middleName: "Maria",
      lastName: "Silva",
      namePrefix: "Dr.",
      nameSuffix: "Jr.",
      nickname: "Aninha",
      email: "ana@example.com",
      url: "https://example.com",
      organization: "Silva; Filhos",
      jobTitle: "Owner",
      address: {
        type: "work",
        postBox: "1",
        extended: "2nd floor",
        street: "Rua A, 5",
        city: "São Paulo",
        region: "SP",
        postalCode: "01000-000",
        country: "Brasil",
      },
      birthday: "1990-02-28",
      note: "back\\slash",
    });
    expect(lines(contentOf(entry)["contactMessage"]?.["vcard"])).toEqual([
      "BEGIN:VCARD",
      "VERSION:3.0",
      "N:Silva;Ana;Maria;Dr.;Jr.",
      String.raw`FN:Ana\; Silva\, Ltda`,
      "NICKNAME:Aninha",
      String.raw`ORG:Silva\; Filhos`,
      "TITLE:Owner",
      "TEL;type=CELL;type=VOICE;waid=5511988887777:+5511988887777",
      "EMAIL:ana@example.com",
      "URL:https://example.com",
      String.raw`ADR;type=WORK:1;2nd floor;Rua A\, 5;São Paulo;SP;01000-000;Brasil`,
      "BDAY:1990-02-28",
      String.raw`NOTE:back\\slash`,
      String.raw`X-WA-BIZ-DESCRIPTION:We sell\nEND:VCARD`,
      "END:VCARD",
    ]);
  });

  test.each<[name: string, contacts: readonly Body[]]>([
    [
      "Z-API",
      [
        { name: "Ana", phones: ["5511988887777", "5511977776666"] },
        { name: "Shop", phones: ["5511966665555"], businessDescription: "Food" },
      ],
    ],
    [
      "the Go system",
      [
        { contactName: "Ana", contactPhone: "5511988887777" },
        { contactName: "Shop", contactPhone: 5511966665555, contactBusinessDescription: "Food" },
      ],
    ],
  ])("several, as %s writes them", async (name, contacts) => {
    const { entry } = await world.send("/send-contacts", { contacts });
    expect(entry.type).toBe("contacts");
    const cards = contentOf(entry)["contactsArrayMessage"]?.["contacts"] as readonly Record<string, string>[];
    expect(cards.map(({ displayName }) => displayName)).toEqual(["Ana", "Shop"]);
    const numbers = cards.map(({ vcard }) => [...String(vcard).matchAll(/waid=(\d+)/g)].map(([, digits]) => digits));
    const ana = name === "Z-API" ? ["5511988887777", "5511977776666"] : ["5511988887777"];
    expect(numbers).toEqual([ana, ["5511966665555"]]);
    expect(cards[1]?.["vcard"]).toContain("X-WA-BIZ-DESCRIPTION:Food");
  });
});

describe("products", () => {
  const business = "5511955554444";
  const catalogueIs = (catalogue: "silent" | "answered") => world.sandbox.control.behaviour({ catalogue });

  test("as the catalogue has it, with its picture", async () => {
    await catalogueIs("answered");
    const shelf = Array.from({ length: 70 }, (_, index) => ({
      id: `p${index}`,
      name: `Thing ${index}`,
      currency: "BRL",
      price: 1000 * index,
    }));
    const wanted = { ...shelf[65]!, description: "A good one", imageUrl: web.url("/a.jpg"), retailerId: "R65" };
    const catalogue = shelf.map((product) => (product.id === wanted.id ? wanted : product));
    await world.sandbox.control.addContact({ number: business, catalogue });
    const { entry } = await world.send("/send-product", { catalogPhone: business, productId: "p65" });
    expect(entry.type).toBe("product");
    const { product, businessOwnerJid } = contentOf(entry)["productMessage"] ?? {};
    expect(businessOwnerJid).toBe(`${business}@s.whatsapp.net`);
    expect(product).toMatchObject({
      productId: "p65",
      title: "Thing 65",
      description: "A good one",
      currencyCode: "BRL",
      priceAmount1000: "65000",
      retailerId: "R65",
      productImageCount: 1,
      productImage: { mimetype: "image/jpeg", width: 640, height: 480 },
    });
    expect(String((product as Record<string, Record<string, unknown>>)["productImage"]?.["directPath"])).toMatch(/^\//);
  });

  test("one that is not there is refused", async () => {
    await catalogueIs("answered");
    await world.sandbox.control.addContact({
      number: business,
      catalogue: [{ id: "only", name: "Only", currency: "BRL", price: 1 }],
    });
    const error = await refusal("/send-product", { catalogPhone: business, productId: "other" });
    expect(error).toContain("no product other");
    const nothing = await refusal("/send-product", { catalogPhone: world.other, productId: "other" });
    expect(nothing).toContain("no catalogue");
  });

  test("a catalogue that WhatsApp does not tell about: the card goes without it, and only the first one waits", async () => {
    await catalogueIs("silent");
    const { entry } = await world.send("/send-product", { catalogPhone: business, productId: "p1" });
    const card = { businessOwnerJid: `${business}@s.whatsapp.net`, product: { productId: "p1" } };
    expect(contentOf(entry)["productMessage"]).toMatchObject(card);
    const asked = (): number =>
      world.sandbox.control.trace().stanzas.filter(({ stanza }) => stanza.includes('xmlns="w:biz:catalog"')).length;
    const before = asked();
    const next = await world.send("/send-product", { catalogPhone: business, productId: "p2" });
    expect(contentOf(next.entry)["productMessage"]).toMatchObject({ product: { productId: "p2" } });
    expect(asked()).toBe(before);
  });
});

describe("invitations to run a channel", () => {
  test.each<[name: string, body: Body, caption: string]>([
    ["Z-API", { adminInviteMessage: { newsletterId: "120363166555745933@newsletter", caption: "Join us" } }, "Join us"],
    ["the Go system", { id: "120363166555745933" }, ""],
  ])("as %s writes it", async (_name, body, caption) => {
    const { entry } = await world.send("/send-newsletter-admin-invite", body);
    expect(entry.type).toBe("newsletterAdminInvite");
    const invite = contentOf(entry)["newsletterAdminInviteMessage"];
    expect(invite).toMatchObject({ newsletterJid: "120363166555745933@newsletter", caption });
    expect(Number(invite?.["inviteExpiration"]) * 1000).toBeGreaterThan(Date.now());
  });

  test("what WhatsApp does not allow is refused", async () => {
    await world.sandbox.control.addFault({ type: "iq-error", match: { xmlns: "w:mex" }, code: 403 });
    const error = await refusal("/send-newsletter-admin-invite", { id: "120363166555745933" });
    expect(error).toContain("refused to invite");
  });
});

describe("refused at once, with the field", () => {
  test.each<[path: string, body: Body, field: string, code?: string]>([
    ["/send-link", { message: "x" }, "linkUrl"],
    ["/send-link", { linkUrl: "ftp://example.com" }, "linkUrl"],
    ["/send-link", { linkUrl: "https://" }, "linkUrl"],
    ["/send-link", { linkUrl: "https://example.com", linkType: "HUGE" }, "linkType"],
    ["/send-location", { longitude: 1 }, "latitude"],
    ["/send-location", { latitude: 90.1, longitude: 1 }, "latitude"],
    ["/send-location", { latitude: "1", longitude: "-180.5" }, "longitude"],
    ["/send-location", { latitude: "north", longitude: 1 }, "latitude"],
    ["/send-contact", { contactPhone: "5511988887777" }, "contactName"],
    ["/send-contact", { contactName: "Ana", contactPhone: "none" }, "contactPhone", "invalid_phone"],
    ["/send-contact", { contactName: "Ana", contactPhone: "5511988887777", birthday: "28/02/1990" }, "birthday"],
    ["/send-contacts", { contacts: [] }, "contacts"],
    ["/send-contacts", { contacts: [{ phones: ["5511988887777"] }] }, "contacts.0.name"],
    ["/send-contacts", { contacts: [{ name: "Ana", phones: ["x"] }] }, "contacts.0.phones"],
    ["/send-catalog", { catalogPhone: "shop" }, "catalogPhone"],
    ["/send-product", { catalogPhone: "5511988887777" }, "productId"],
    ["/send-newsletter-admin-invite", {}, "adminInviteMessage"],
    ["/send-newsletter-admin-invite", { id: "5511988887777@s.whatsapp.net" }, "id"],
  ])("%s %j", async (path, body, field, code = "invalid_request") => {
    const answer = await world.ask("POST", path, { phone: world.contact, ...body });
    expect(answer).toMatchObject({ status: 400, body: { code, field } });
  });
});
