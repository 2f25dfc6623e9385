import type { Hit, InboxEntry } from "../support/rig.ts";

/** What went in and what came out of one road. */
export interface RoadTally {
  readonly total: number;
  readonly lost: number;
  /** Inbound: one message under two event ids. Outbound: one text under two message ids. */
  readonly doubled: number;
  /** Neighbours that first arrived the wrong way round. */
  readonly overtaken: number;
  /** Arrivals beyond the first under the same id: at-least-once, allowed. */
  readonly repeats: number;
}

/** Counts inbound messages: `sent` are the message ids of each contact in sending order. */
export function tallyInbound(sent: readonly (readonly string[])[], hits: readonly Hit[]): RoadTally {
  const received = hits.filter((hit) => hit.type === "ReceivedCallback" && !hit.fromMe && hit.messageIds.length > 0);
  const events = new Map<string, Set<string>>();
  const first = new Map<string, number>();
  received.forEach((hit, index) => {
    const id = hit.messageIds[0]!;
    events.set(id, (events.get(id) ?? new Set()).add(hit.eventId));
    if (hit.accepted && !first.has(id)) first.set(id, index);
  });
  const ids = sent.flat();
  return {
    total: ids.length,
    lost: ids.filter((id) => !first.has(id)).length,
    doubled: ids.filter((id) => (events.get(id)?.size ?? 0) > 1).length,
    overtaken: sent.reduce((sum, line) => sum + inversions(line.map((id) => first.get(id))), 0),
    repeats: received.filter((hit) => hit.accepted).length - first.size,
  };
}

/** Counts outbound messages: `accepted` are `{messageId, text}` in the order the API accepted them. */
export function tallyOutbound(
  accepted: readonly { readonly messageId: string; readonly text: string }[],
  inbox: readonly InboxEntry[],
): RoadTally {
  const first = new Map<string, number>();
  const ids = new Map<string, Set<string>>();
  inbox.forEach((entry, index) => {
    if (entry.text === undefined) return;
    if (!first.has(entry.text)) first.set(entry.text, index);
    ids.set(entry.text, (ids.get(entry.text) ?? new Set()).add(entry.messageId));
  });
  return {
    total: accepted.length,
    lost: accepted.filter((message) => !first.has(message.text)).length,
    doubled: accepted.filter((message) => (ids.get(message.text)?.size ?? 0) > 1).length,
    overtaken: inversions(accepted.map((message) => first.get(message.text))),
    repeats: inbox.reduce((sum, entry) => sum + entry.copies - 1, 0),
  };
}

/**
 * Steps at which the order of events of one instance went down on first arrival. Takes everything that ever arrived: in
 * a part of it, the repetition of an event that first came before would be taken for its first arrival.
 */
export function sequenceInversions(hits: readonly Hit[]): number {
  const seen = new Set<string>();
  const firsts: number[] = [];
  for (const hit of hits) {
    if (!hit.accepted || seen.has(hit.eventId)) continue;
    seen.add(hit.eventId);
    firsts.push(hit.sequence);
  }
  return inversions(firsts);
}

function inversions(positions: readonly (number | undefined)[]): number {
  const known = positions.filter((position) => position !== undefined);
  return known.filter((position, index) => index > 0 && position < known[index - 1]!).length;
}

/** The value below which `share` of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
