import { describe } from "vitest";
import { known, scenarios } from "./support.ts";

const refused: readonly (readonly [path: string, body: Record<string, unknown>, field: string])[] = [
  ["/send-reaction", { messageId: "1", reaction: "" }, "reaction"],
  ["/send-reaction", { reaction: "👍" }, "messageId"],
  ["/pin-message", { messageId: "1", messageAction: "glue" }, "messageAction"],
  ["/pin-message", { messageId: "1", pinMessageDuration: "2_days" }, "pinMessageDuration"],
  ["/forward-message", { messagePhone: "5511999999999" }, "messageId"],
  ["/send-poll", { message: "?", poll: [{ name: "A" }] }, "poll"],
  ["/send-poll", { message: "?", poll: [{ name: "A" }, { name: "A" }] }, "poll"],
  ["/send-poll", { message: "?", poll: [{ name: "A" }, { name: " " }] }, "poll.1.name"],
  ["/send-poll", { message: "?", poll: [{ name: "A" }, { name: "B" }], pollMaxOptions: 3 }, "pollMaxOptions"],
  ["/send-poll-vote", { pollMessageId: "1" }, "pollVote"],
  ["/send-event", { event: { name: "E" } }, "event.dateTime"],
  ["/send-event", { event: { name: "E", dateTime: "tomorrow" } }, "event.dateTime"],
  ["/send-event", { event: { name: "E", dateTime: "2026-12-24T10:00", timeZone: "Mars/Base" } }, "event.timeZone"],
  ["/send-event", { event: { name: "E", dateTime: "2026-12-24", endDateTime: "2026-12-23" } }, "event.endDateTime"],
  ["/send-edit-event", { event: { name: "E", dateTime: "2026-12-24" } }, "eventMessageId"],
  ["/send-event-response", { eventId: "1", response: "perhaps" }, "eventResponse"],
];

describe("refused at once, with the field", () => {
  scenarios(
    refused.map(([path, body, field]) => ({
      name: `${path} ${JSON.stringify(body)}`,
      request: `POST ${path.slice(1)}`,
      body: { phone: "5511999999999", ...body },
      status: 400,
      answer: { code: "invalid_request", field },
      after: async (http) => {
        const waiting = await http.store.queue.count({ instanceId: known.instanceId, states: ["queued"] });
        if (waiting > 0) throw new Error("it was queued all the same");
      },
    })),
  );
});
