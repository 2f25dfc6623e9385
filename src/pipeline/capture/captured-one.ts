import type { Captured } from "#domain/captured.ts";
import type { ChatPatch, ContactPatch, LidPair, Records, StatusStep, StoredMessage } from "#store/records.ts";

/** What one upstream item became: any of these, or nothing. */
export interface CapturedOne {
  readonly captured?: readonly Captured[];
  readonly messages?: readonly StoredMessage[];
  readonly statuses?: readonly StatusStep[];
  readonly lidPairs?: readonly LidPair[];
  readonly contacts?: readonly ContactPatch[];
  readonly chats?: readonly ChatPatch[];
}

/** Nothing that anybody is told about. */
export const nothing: CapturedOne = {};

/** Several in order as one. */
export function joined(all: readonly CapturedOne[]): {
  readonly captured: readonly Captured[];
  readonly records: Records;
} {
  return {
    captured: all.flatMap(({ captured }) => captured ?? []),
    records: {
      messages: all.flatMap(({ messages }) => messages ?? []),
      statuses: all.flatMap(({ statuses }) => statuses ?? []),
      lidPairs: all.flatMap(({ lidPairs }) => lidPairs ?? []),
      contacts: all.flatMap(({ contacts }) => contacts ?? []),
      chats: all.flatMap(({ chats }) => chats ?? []),
    },
  };
}
