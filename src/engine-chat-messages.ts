import type { CapturedMessage } from "#domain/captured.ts";
import type { HttpDeps } from "#http/deps.ts";
import type { Pipeline } from "#pipeline/pipeline.ts";
import { mediaIdOf } from "#store/media-records.ts";
import type { StoredMessage } from "#store/records.ts";
import type { Store } from "#store/store.ts";
import type { HistoryPages } from "#whatsapp/history-pages.ts";

/** What showing stored messages works with. */
export interface ChatMessagesDeps {
  readonly store: Pick<Store, "media" | "instances">;
  readonly pages: HistoryPages;
  readonly pipeline: Pick<Pipeline, "shown" | "payloadOf">;
}

/** Messages of a chat in the form of their webhooks. Files that were never fetched (of a history) have no links. */
export function createChatMessages(deps: ChatMessagesDeps): HttpDeps["chatMessages"] {
  return {
    page: async (wanted, signal) => {
      const { instanceId } = wanted;
      const { phone = "", lid } = (await deps.store.instances.get({ instanceId }))?.connection ?? {};
      const own = lid === undefined ? { phone } : { phone, lid };
      const { rows, isPhoneSilent } = await deps.pages.page(wanted, signal);
      const payloads: unknown[] = [];
      for (const row of rows) {
        const captured = await deps.pipeline.shown({ instanceId, own, proto: row.proto, at: row.at });
        if (captured !== undefined) payloads.push(await payloadOf(row, captured, signal));
      }
      return { payloads, isPhoneSilent };
    },
  };

  async function payloadOf(row: StoredMessage, captured: CapturedMessage, signal: AbortSignal): Promise<unknown> {
    const { instanceId, chatId, messageId } = row;
    const ids = (captured.media ?? []).map(({ part }) => mediaIdOf(row, part));
    const known = new Set((await deps.store.media.getMany({ mediaIds: ids })).map(({ mediaId }) => mediaId));
    const media = (captured.media ?? []).filter(({ part }) => known.has(mediaIdOf(row, part)));
    const event = {
      eventId: "",
      instanceId,
      sequence: 0,
      position: 0,
      kind: captured.kind,
      type: "ReceivedCallback",
      chatId,
      messageId,
      occurredAt: row.at,
      createdAt: row.at,
      captured: JSON.stringify({ ...captured, media }),
    };
    return await deps.pipeline.payloadOf(event, signal);
  }
}
