import { createCapture } from "#pipeline/capture/capture.ts";
import type { InboundBatch } from "#pipeline/capture/inbound-batch.ts";
import { silentLog } from "#lib/log.ts";
import type { FileLink, RenderContext } from "#callbacks/definition.ts";
import type { Captured } from "#domain/captured.ts";
import type { StoredMessage } from "#store/records.ts";

/** Instance all fixtures belong to. */
const instanceId = "3C0FFEE000000000000000000000BEEF";

/** Account all fixtures belong to. */
const own = { phone: "5511900000001", lid: "900000000000001" };

const fixedNowMs = 1_700_000_000_000;

/** Number behind each LID that the world knows. */
const pairs = new Map([
  ["200000000000002", "5511900000002"],
  ["300000000000003", "5511900000003"],
]);

const contacts = new Map([
  ["5511900000002@s.whatsapp.net", { name: "Ana", photoUrl: "https://photos.example/ana.jpg" }],
]);

const chats = new Map([
  ["120363000000000001@g.us", { name: "Family", photoUrl: "https://photos.example/family.jpg" }],
  ["120363000000000009@newsletter", { name: "News" }],
]);

/** Links of a fixture's files. */
const links: Readonly<Record<string, FileLink>> = {
  main: { url: "https://media.example/main.bin" },
  thumbnail: { url: "https://media.example/thumbnail.jpg" },
  header: { url: "https://media.example/header.bin" },
  status: { url: "https://media.example/status.jpg" },
  "card-0": { url: "https://media.example/card-0.jpg" },
};

/** What fixtures are rendered with. */
export const context: RenderContext = {
  instanceId,
  media: (part) => links[part],
  newPhoto: "https://photos.example/new.jpg",
};

/** What the client reported, as it stands in a fixture. */
export type Upstream = Pick<InboundBatch, "events" | "stanza" | "captured"> & {
  /** Messages known before. */
  readonly stored?: readonly StoredMessage[];
  /** Sent through this API instead of received: the encoded `WebMessageInfo`. */
  readonly sent?: Uint8Array;
  /** Stanzas that came before. */
  readonly before?: readonly NonNullable<InboundBatch["stanza"]>[];
};

/** Captures one fixture in a world of a few people. */
export async function captureFixture(upstream: Upstream): Promise<readonly Captured[]> {
  const { stored, sent, before, ...reported } = upstream;
  const { capture, sent: captureSent } = createCapture({
    directory: {
      pairs: async () => [],
      contacts: async () => [],
      chats: async () => [],
      phoneOf: async ({ lid }) => pairs.get(lid),
      lidOf: async ({ phone }) => [...pairs].find(([, known]) => known === phone)?.[0],
      contact: async ({ contactId }) => {
        const row = contacts.get(contactId);
        return row === undefined ? undefined : { instanceId, contactId, ...row };
      },
      chat: async ({ chatId }) => {
        const row = chats.get(chatId);
        return row === undefined ? undefined : { instanceId, chatId, ...row };
      },
    },
    messages: {
      get: async ({ messageId }) => stored?.find((message) => message.messageId === messageId),
      list: async () => [],
    },
    clock: { now: () => fixedNowMs, monotonicMs: () => 0 },
    log: silentLog,
  });
  if (sent !== undefined) {
    const all = await captureSent({ instanceId, own, proto: sent, at: fixedNowMs });
    // Its status is a callback of its own.
    return all.filter(({ kind }) => kind === "message");
  }
  const batch = { instanceId, own, journalIds: [], offline: false };
  for (const stanza of before ?? []) await capture({ ...batch, stanza });
  return (await capture({ ...batch, ...reported })).captured;
}

/** Reads a fixture: `{ "$bytes": "…" }` stands for bytes in base64. */
export function parseFixture(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "object" && value !== null && "$bytes" in value && typeof value.$bytes === "string"
      ? Buffer.from(value.$bytes, "base64")
      : value,
  );
}
