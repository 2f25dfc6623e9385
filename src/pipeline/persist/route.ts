import type { Captured } from "#domain/captured.ts";
import type { HookSlot, Instance } from "#domain/instance.ts";

/** The part of an instance that decides where events go. */
export type Routing = Pick<Instance, "hooks" | "settings">;

/**
 * Slots that want a captured event; none is an answer too: the event is kept, but nobody is told.
 *
 * | event                               | slot                                                     |
 * |-------------------------------------|----------------------------------------------------------|
 * | received message, waiting message   | receivedAndDelivery while it is active, else received    |
 * | own message, own revocation         | the same, but only with notifySentByMe                   |
 * | other notification                  | as a received message, whoever caused it                 |
 * | outcome of a queued message         | delivery                                                 |
 * | receipt                             | messageStatus                                            |
 * | presence                            | presenceChat                                             |
 * | connected, disconnected, history    | their own                                                |
 * | passkey, lock of new chats          | their own, which nothing but their own routes fill       |
 *
 * `receivedAndDelivery` is active while notifySentByMe is on. Switched off, the received URL is used again; where only
 * the other one is configured it still gets what is received. A further hook that lists either gets what goes to either.
 */
export function slotsOf(captured: Captured, routing: Routing): readonly HookSlot[] {
  switch (captured.kind) {
    case "message":
    case "waiting":
      return captured.fromMe && !routing.settings.notifySentByMe ? [] : [receivedSlot(routing)];
    case "notification":
      return captured.name === "REVOKE" && captured.fromMe && !routing.settings.notifySentByMe
        ? []
        : [receivedSlot(routing)];
    case "receipt":
      return ["messageStatus"];
    case "presence":
      return ["presenceChat"];
    case "connected":
      return ["connected"];
    case "disconnected":
      return ["disconnected"];
    case "delivery":
      return ["delivery"];
    case "history":
      return ["historySync"];
    case "passkey":
      return ["passkey"];
    case "newChats":
      return ["newChats"];
  }
}

function receivedSlot({ hooks, settings }: Routing): HookSlot {
  if (hooks.receivedAndDelivery === undefined) return "received";
  return settings.notifySentByMe || hooks.received === undefined ? "receivedAndDelivery" : "received";
}
