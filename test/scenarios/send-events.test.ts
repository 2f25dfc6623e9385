import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openScenario, type Scenario } from "./rig.ts";
import { type Body, contentOf, json, toolsOf } from "./social-tools.ts";

let world: Scenario;

beforeAll(async () => {
  world = await openScenario();
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const received = (...input: Parameters<ReturnType<typeof toolsOf>["received"]>) => toolsOf(world).received(...input);
const refusal = (path: string, body: Body) => toolsOf(world).refusal(path, body);

describe("events", () => {
  const startTime = String(Date.UTC(2026, 11, 24, 21) / 1000);
  const event = {
    name: "Dinner",
    description: "at home",
    dateTime: "2026-12-24T18:00:00",
    timeZone: "UTC-3",
    endDateTime: "2026-12-24T22:00:00",
    location: { name: "Our place", degreesLatitude: -23.5, degreesLongitude: -46.6 },
    canceled: false,
  };

  test.each<[zone: string, times: Body]>([
    ["an offset from UTC", { dateTime: "2026-12-24T18:00:00", timeZone: "UTC-3" }],
    ["the name of a zone", { dateTime: "2026-12-24T18:00:00", timeZone: "America/Sao_Paulo" }],
    ["its own offset", { dateTime: "2026-12-24T18:00:00-03:00", timeZone: undefined }],
    ["Z, whatever the zone says", { dateTime: "2026-12-24T21:00:00.000Z", timeZone: "UTC-3" }],
    ["nothing: UTC", { dateTime: "2026-12-24T21:00:00", timeZone: undefined }],
  ])("with the time in %s", async (_zone, times) => {
    const { entry } = await world.send("/send-event", {
      phone: world.group.phone,
      event: { name: "Dinner", ...times },
    });
    expect(contentOf(entry)["eventMessage"]).toMatchObject({ name: "Dinner", startTime });
  });

  test("with everything it can say", async () => {
    const { entry } = await world.send("/send-event", {
      phone: world.group.phone,
      event: { ...event, callLinkType: "video" },
    });
    expect(entry).toMatchObject({ type: "event", text: "Dinner" });
    expect(contentOf(entry)["eventMessage"]).toMatchObject({
      description: "at home",
      startTime,
      endTime: String(Number(startTime) + 4 * 3600),
      isCanceled: false,
      location: { name: "Our place", degreesLatitude: -23.5, degreesLongitude: -46.6 },
      joinLink: expect.stringMatching(/^https:\/\/call\.whatsapp\.com\/video\/sandbox/) as unknown,
    });
    expect(entry.nodes).toContainEqual(expect.objectContaining({ tag: "meta", attrs: { event_type: "creation" } }));
  });

  const edits: readonly (readonly [name: string, body: (id: string) => Body])[] = [
    [
      "Z-API",
      (eventMessageId) => ({
        eventMessageId,
        event: { name: "Lunch", dateTime: "2026-12-24T21:00:00Z", canceled: true },
      }),
    ],
    ["the Go system", (eventId) => ({ eventId, name: "Lunch", startTime: "2026-12-24T21:00:00Z", canceled: true })],
  ];
  for (const phone of ["private", "group"] as const) {
    test.each(edits)(`changed (${phone}), as %s writes it`, async (_name, body) => {
      const chat = phone === "group" ? world.group.phone : world.contact;
      const { messageId } = await world.send("/send-event", { phone: chat, event });
      const { entry } = await world.send("/send-edit-event", { phone: chat, ...body(messageId) });
      expect(entry.type).toBe("eventEdit");
      expect(entry.opened).toMatchObject({
        messageId,
        edited: { eventMessage: { name: "Lunch", startTime, isCanceled: true } },
      });
      // What was left out is gone.
      expect(entry.opened?.edited?.["eventMessage"]).not.toHaveProperty("description");
      expect(entry.nodes).toContainEqual(expect.objectContaining({ tag: "meta", attrs: { event_type: "edit" } }));
      // From then on it is the new one: canceled keeps its name.
      const again = await world.send("/send-edit-event", { phone: chat, eventId: messageId });
      expect(again.entry.opened).toMatchObject({
        edited: { eventMessage: { name: "Lunch", startTime, isCanceled: false } },
      });
    });
  }

  test("somebody else's cannot be changed", async () => {
    const theirs = await received({ event: { name: "Party", startAt: Date.UTC(2027, 0, 1) } });
    expect(await refusal("/send-edit-event", { eventId: theirs, name: "Mine" })).toContain("only an event of ours");
  });

  test.each<[name: string, body: (id: string) => Body, opened: Body]>([
    ["Z-API", (id) => ({ eventMessageId: id, eventResponse: "GOING" }), { response: "GOING", extraGuests: 0 }],
    [
      "Z-API, not",
      (id) => ({ eventMessageId: id, eventResponse: "NOT_GOING" }),
      { response: "NOT_GOING", extraGuests: 0 },
    ],
    [
      "the Go system",
      (id) => ({ eventId: id, response: "maybe", extraGuestCount: 2 }),
      { response: "MAYBE", extraGuests: 2 },
    ],
  ])("answered as %s writes it, in private and in a group", async (_name, body, opened) => {
    for (const [phone, to] of [
      [world.contact, world.own],
      [world.group.phone, world.group.jid],
    ] as const) {
      const theirs = await received({ event: { name: "Party", startAt: Date.UTC(2027, 0, 1) } }, { to });
      const { entry } = await world.send("/send-event-response", { phone, ...body(theirs) });
      expect(entry.type).toBe("eventResponse");
      expect(entry.opened).toEqual({ messageId: theirs, ...opened });
    }
  });

  test("the answer of a contact to an event of ours is read", async () => {
    const { messageId } = await world.send("/send-event", { event });
    const answer = await world.receive({ eventResponse: { messageId, response: "going" } });
    const hook = await world.webhook("the answer", (body) => body["messageId"] === answer);
    expect(json(hook)).toMatchObject({ eventResponse: { response: "GOING" } });
  });
});
