import { decodeBinaryNode, unpadRandomMax16, type BinaryNode } from "@whiskeysockets/baileys";
import type { Log } from "#lib/log.ts";
import type { Clock } from "#lib/clock.ts";
import type { AuthStateStore, JournalRow } from "#store/auth-state.ts";
import type { Inbound, InboundBatch } from "./inbound.ts";
import { handedOn, messageEvents } from "./intake/placing.ts";
import { ownAccount, type OwnJids } from "./own-account.ts";

const pageRows = 100;

/** What a replay works with. */
export interface ReplayDeps {
  readonly authState: AuthStateStore;
  readonly inbound: Inbound;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a replay found. */
export interface Replayed {
  readonly rows: number;
  /** Stanzas whose effects inside Baileys (history, app-state keys, group changes) may be missing: to be given to it again. */
  readonly unfinished: readonly BinaryNode[];
}

/**
 * Hands every journal row without event to `inbound`, oldest first: what was confirmed to WhatsApp before the process
 * died. Events are derived from the stanza, so a row whose event is only on its way makes no second one.
 */
export async function replayJournal(
  deps: ReplayDeps,
  input: { readonly instanceId: string; readonly own: OwnJids; readonly olderThanMs?: number },
  signal: AbortSignal,
): Promise<Replayed> {
  const { instanceId, own } = input;
  const now = deps.clock.now();
  const before = now - (input.olderThanMs ?? 0);
  const unfinished: BinaryNode[] = [];
  let afterId: number | undefined;
  let count = 0;
  while (!signal.aborted) {
    const page = await deps.authState.pendingJournal({
      instanceId,
      limit: pageRows,
      ...(afterId === undefined ? {} : { afterId }),
    });
    // Younger rows are still on their way; those of the future were written before the clock was set back.
    const rows = page.filter((row) => row.at <= before || row.at > now);
    for (const group of byStanza(rows)) {
      const batch = await batchOf(deps, group, { instanceId, own });
      if (batch === undefined) continue;
      await deps.inbound.receive(batch);
      if (unfinished.length < pageRows) unfinished.push(...unfinishedOf(batch, group));
    }
    count += rows.length;
    afterId = page.at(-1)?.journalId;
    if (page.length < pageRows) break;
  }
  if (count > 0) deps.log.info({ instanceId, rows: count }, "journal replayed");
  return { rows: count, unfinished };
}

/** Rows of one stanza lie side by side: a group message and the sender key it brought. */
function byStanza(rows: readonly JournalRow[]): JournalRow[][] {
  const groups: JournalRow[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    const [head] = last ?? [];
    // What could not be decrypted was journaled as it came; another part of the same message may have been.
    if (head?.stanzaId === row.stanzaId && head.kind === row.kind) last?.push(row);
    else groups.push([row]);
  }
  return groups;
}

async function batchOf(
  deps: ReplayDeps,
  rows: readonly JournalRow[],
  target: { readonly instanceId: string; readonly own: OwnJids },
): Promise<InboundBatch | undefined> {
  const [first] = rows;
  if (first === undefined) return undefined;
  const base = { instanceId: target.instanceId, own: ownAccount(target.own), journalIds: [first.stanzaId] };
  try {
    if (first.kind === "stanza") {
      return { ...base, ...handedOn(await decodeBinaryNode(Buffer.from(first.payload)), target.own) };
    }
    const payloads = rows.map((row) => unpadRandomMax16(row.payload));
    return { ...base, ...messageEvents(attrsOf(first), { own: target.own, payloads }) };
  } catch (error) {
    // What no proto library can read would be tried for ever. It stays in the journal, settled, until retention.
    deps.log.error({ instanceId: target.instanceId, journalId: first.journalId, error }, "journal row cannot be read");
    await deps.authState.settleJournal({
      instanceId: target.instanceId,
      stanzaIds: [first.stanzaId],
      now: deps.clock.now(),
    });
    return undefined;
  }
}

const takenAgain = new Set(["notification", "call"]);

/** Messages that change Baileys' own state, and notifications it turns into events of its own. */
function unfinishedOf(batch: InboundBatch, rows: readonly JournalRow[]): BinaryNode[] {
  if (batch.stanza !== undefined) return takenAgain.has(batch.stanza.tag) ? [batch.stanza] : [];
  const [first] = rows;
  const protocol = batch.events?.["messages.upsert"]?.messages[0]?.message?.protocolMessage;
  if (first?.kind !== "plaintext" || (!protocol?.historySyncNotification && !protocol?.appStateSyncKeyShare)) return [];
  // Baileys takes an unencrypted body wherever an encrypted one may be.
  const bodies = rows.map((row) => ({ tag: "plaintext", attrs: {}, content: unpadRandomMax16(row.payload) }));
  return [{ tag: "message", attrs: attrsOf(first), content: bodies }];
}

function attrsOf(row: JournalRow): Record<string, string> {
  const attrs: unknown = JSON.parse(row.attrs);
  return Object.fromEntries(Object.entries(Object(attrs)).map(([name, value]) => [name, String(value)]));
}
