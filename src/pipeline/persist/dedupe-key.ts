import type { Captured, ChatRef } from "#domain/captured.ts";

/**
 * Names the happening itself: the same stanza delivered again, or replayed out of the journal, gets the same name. It
 * uses the chat's address on the wire, because what we know of numbers behind LIDs grows.
 */
export function dedupeKeyOf(captured: Captured): string {
  switch (captured.kind) {
    case "message": {
      const late = captured.openedLate === true ? ["opened"] : [];
      return join("message", address(captured.chat), captured.messageId, String(captured.fromMe), ...late);
    }
    case "waiting": {
      const refused = captured.refused === undefined ? [] : ["refused"];
      return join(captured.kind, address(captured.chat), captured.messageId, String(captured.fromMe), ...refused);
    }
    case "notification":
      return join("notification", address(captured.chat), captured.name, captured.key);
    case "receipt": {
      const { status, participant, phoneDevice, messageIds } = captured;
      const device = String(participant?.device ?? phoneDevice ?? "");
      const ids = [...messageIds].sort().join(",");
      return join("receipt", address(captured.chat), status, participant?.jid ?? "", device, ids);
    }
    case "presence":
      return join("presence", address(captured.chat), captured.participant?.jid ?? "", captured.status, captured.at);
    case "connected":
      return join("connected", captured.phone, captured.at);
    case "disconnected":
      return join("disconnected", captured.reason, captured.at);
    case "delivery":
      return join("delivery", captured.zaapId, captured.error === undefined ? "sent" : "failed");
    case "passkey":
      return join("passkey", captured.ceremony);
    case "newChats": {
      const { kind = "", until = "" } = captured.restriction ?? {};
      return join("newChats", kind, until, captured.at);
    }
    case "history":
      return join("history", captured.syncType, captured.chunkOrder, captured.progress, captured.at);
  }
}

function address(chat: ChatRef): string {
  return chat.address ?? chat.chatId;
}

function join(...parts: readonly (string | number)[]): string {
  return parts.join("|");
}
