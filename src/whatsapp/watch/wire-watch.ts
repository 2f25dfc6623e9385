import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { unknownWireKinds, type SeenUnknown } from "#domain/unknown-wire.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { writeWhole } from "#lib/write-whole.ts";
import type { UnknownWire } from "../unknown-wire.ts";

/** Remembers what WhatsApp sent that this version does not know. Disposing writes it down. */
export interface WireWatch extends AsyncDisposable {
  /** Counts; must be cheap, and never throws. */
  readonly seen: (unknown: UnknownWire) => void;
  /** What was seen, the latest first. */
  readonly list: () => readonly SeenUnknown[];
}

/** What a watch works with. */
export interface WireWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Directory of the file it is kept in; nothing is kept when left out. */
  readonly dir?: string;
}

/** Most different names that are remembered; further ones are counted under the name `other` of their kind. */
const maxNames = 200;
const maxNameLength = 60;
const fileName = "unknown-wire.json";
/** Between a change and the file. */
const writeAfterMs = 5_000;

/** Opens the watch with what its file holds. A file that cannot be read is begun anew. */
export async function openWireWatch({ clock, log, dir }: WireWatchDeps): Promise<WireWatch> {
  const path = dir === undefined ? undefined : join(dir, fileName);
  const known = new Map<string, SeenUnknown>();
  for (const one of path === undefined ? [] : await readSeen(path, log)) known.set(`${one.kind} ${one.name}`, one);
  const stop = new AbortController();
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    if (path === undefined) return;
    await writeWhole(path, JSON.stringify({ seen: [...known.values()] }, undefined, 2)).catch((error: unknown) =>
      log.warn({ error }, "what WhatsApp sent and nobody knows is not written down"),
    );
  }
  function writeSoon(): void {
    if (path === undefined || writing !== undefined || stop.signal.aborted) return;
    writing = sleep(writeAfterMs, stop.signal).then(async () => {
      writing = undefined;
      if (!stop.signal.aborted) await write();
    });
  }

  return {
    seen: ({ kind, name }) => {
      const now = clock.now();
      const plain = plainName(name);
      const place = known.has(`${kind} ${plain}`) || known.size < maxNames ? plain : "other";
      const key = `${kind} ${place}`;
      const before = known.get(key);
      // Whoever reads the tags tells of them.
      if (before === undefined && kind !== "tag")
        log.warn({ kind, name: place }, "WhatsApp sends something that this version does not know");
      known.set(key, {
        kind,
        name: place,
        count: (before?.count ?? 0) + 1,
        firstAt: before?.firstAt ?? now,
        lastAt: now,
      });
      writeSoon();
    },
    list: () => [...known.values()].toSorted((one, other) => other.lastAt - one.lastAt),
    [Symbol.asyncDispose]: async () => {
      if (stop.signal.aborted) return;
      stop.abort();
      await writing;
      if (known.size > 0) await write();
    },
  };
}

/** The same observer, with a watch that remembers the names of whatever is unknown. */
export function watchedBy<O extends { readonly unknownWire: (unknown: UnknownWire) => void }>(
  watch: Pick<WireWatch, "seen">,
  observe: O,
): O {
  return {
    ...observe,
    unknownWire: (unknown: UnknownWire) => {
      observe.unknownWire(unknown);
      watch.seen(unknown);
    },
  };
}

/** A name as it may be shown to strangers: no number of a person, no content, no control characters. */
function plainName(name: string): string {
  const safe = name
    .slice(0, maxNameLength * 2)
    .replaceAll(/\d{5,}/g, "#")
    .replaceAll(/[^\w.:#@/ -]/g, "?");
  return safe.slice(0, maxNameLength) || "(empty)";
}

async function readSeen(path: string, log: Log): Promise<readonly SeenUnknown[]> {
  try {
    const { seen }: { readonly seen?: unknown } = Object(JSON.parse(await readFile(path, "utf8")));
    return Array.isArray(seen) ? seen.filter(isSeen).slice(0, maxNames * 2) : [];
  } catch (error) {
    if (Object(error).code !== "ENOENT")
      log.warn({ error }, "what WhatsApp sent before and nobody knew cannot be read");
    return [];
  }
}

function isSeen(one: unknown): one is SeenUnknown {
  const { kind, name, count, firstAt, lastAt }: Partial<Record<keyof SeenUnknown, unknown>> = Object(one);
  const isKnownKind = unknownWireKinds.some((known) => known === kind);
  const isName = typeof name === "string" && name.length <= maxNameLength;
  return isKnownKind && isName && [count, firstAt, lastAt].every((value) => Number.isSafeInteger(value));
}
