import { expect } from "vitest";
import type { ContentBody } from "#sandbox/content-body.ts";
import type { InboxEntry } from "#sandbox/shown.ts";
import type { Scenario } from "./rig.ts";

/** A JSON object. */
export type Body = Readonly<Record<string, unknown>>;

/** What a device decrypted, as protobuf JSON. */
export function contentOf(entry: InboxEntry): Readonly<Record<string, Record<string, unknown>>> {
  return entry.content as Readonly<Record<string, Record<string, unknown>>>;
}

/** A value as it would go over a wire. */
export function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What tests about answers to earlier messages need of a scenario. */
export function toolsOf(world: Scenario) {
  return {
    /** Somebody wrote to the instance, and it is stored; answers the message id. */
    received: async (content: ContentBody, input?: { readonly from?: string; readonly to?: string }) => {
      const messageId = await world.receive(content, input);
      await world.webhook(messageId, (body) => body["messageId"] === messageId);
      return messageId;
    },
    /** Why an accepted message did not go out, as its DeliveryCallback says. */
    refusal: async (path: string, body: Body): Promise<unknown> => {
      const answer = await world.ask("POST", path, { phone: world.contact, ...body });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      const { messageId } = answer.body;
      const hook = await world.webhook(
        `failure of ${String(messageId)}`,
        (one) => one["messageId"] === messageId && one["error"] !== undefined,
      );
      return hook["error"];
    },
  };
}
