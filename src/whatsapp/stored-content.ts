import { proto } from "@whiskeysockets/baileys";
import type { MessageStore } from "#store/messages.ts";

/** The content of a stored message; undefined without an id, and for what is not stored (any more). */
export async function storedContent(
  deps: { readonly messages: Pick<MessageStore, "get"> },
  { instanceId, messageId }: { readonly instanceId: string; readonly messageId: string | null | undefined },
): Promise<proto.IMessage | undefined> {
  if (!messageId) return undefined;
  const stored = await deps.messages.get({ instanceId, messageId });
  return stored === undefined ? undefined : (proto.WebMessageInfo.decode(stored.proto).message ?? undefined);
}
