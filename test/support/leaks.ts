import { createHook } from "node:async_hooks";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as wait } from "node:timers/promises";

import { projectRoot } from "./processes.ts";

/** What keeps a process from ending. */
const watchedTypes: Readonly<Record<string, string>> = {
  TCPSERVERWRAP: "server",
  TCPWRAP: "connection",
  PIPESERVERWRAP: "server",
  PIPEWRAP: "pipe",
  UDPWRAP: "UDP socket",
  TTYWRAP: "terminal",
  PROCESSWRAP: "child process",
  WORKER: "worker",
  FSEVENTWRAP: "file watcher",
  STATWATCHER: "file watcher",
  Timeout: "timer",
};

/** The part of Node's handles that is needed. */
interface Handle {
  readonly hasRef: () => boolean;
  readonly getsockname?: (out: { port?: number }) => number;
}

interface Held {
  readonly kind: string;
  readonly resource: WeakRef<Handle>;
  readonly opened: { stack?: string };
}

/** Watches what is opened in this process from now on. */
export interface LeakWatch {
  /** Waits up to `graceMs` for what is still closing; then one line for each thing left open, with the place that opened it. */
  readonly left: (graceMs: number) => Promise<readonly string[]>;
}

const maxFrames = 40;

/** Starts watching. There is no end: a test process watches until it exits. */
export function watchForLeaks(): LeakWatch {
  const held = new Map<number, Held>();
  const remember = (asyncId: number, type: string, _triggerId: number, resource: object): void => {
    const kind = watchedTypes[type];
    if (kind === undefined || !("hasRef" in resource)) return;
    const opened: { stack?: string } = {};
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = maxFrames;
    Error.captureStackTrace(opened, remember);
    Error.stackTraceLimit = stackTraceLimit;
    // Checked above; the hook's type knows no particular resource.
    held.set(asyncId, { kind, resource: new WeakRef(resource as Handle), opened });
  };
  createHook({ init: remember, destroy: (asyncId) => void held.delete(asyncId), trackPromises: false }).enable();
  const filesAtStart = new Set(openTempFiles());
  const now = (): readonly string[] => [
    ...[...held.values()].filter(isOpen).filter(isOurs).map(describe),
    ...openTempFiles()
      .filter((path) => !filesAtStart.has(path))
      .map((path) => `file ${path}`),
  ];
  return {
    left: async (graceMs) => {
      const endMs = performance.now() + graceMs;
      let found = now();
      while (found.length > 0 && performance.now() < endMs) {
        await wait(10);
        found = now();
      }
      return found;
    },
  };
}

function isOpen({ resource }: Held): boolean {
  // Idle connections of a pool and timers that hold nothing up are not referenced.
  return resource.deref()?.hasRef() === true;
}

/** Vitest has timers and pipes of its own. */
function isOurs({ opened }: Held): boolean {
  const frames = framesOf(opened);
  if (frames.some((frame) => frame.includes("test/support/leaks.ts"))) return false;
  return frames.some(isProjectFrame) || !frames.some((frame) => /node_modules\/(@?vitest|vite|tinypool)/.test(frame));
}

function describe({ kind, resource, opened }: Held): string {
  const frames = framesOf(opened);
  const address: { port?: number } = {};
  resource.deref()?.getsockname?.(address);
  const port = address.port === undefined ? "" : ` on port ${address.port}`;
  const place = frames.find(isProjectFrame) ?? frames.find((frame) => frame.includes("node_modules"));
  return `${kind}${port} opened ${place === undefined ? "inside Node" : place.trim()}`;
}

function framesOf(opened: { stack?: string }): readonly string[] {
  return (opened.stack ?? "").split("\n").slice(1);
}

function isProjectFrame(frame: string): boolean {
  return frame.includes(projectRoot) && !frame.includes("node_modules");
}

/** Files in the temporary directory that this process holds open, databases above all. Only Linux tells. */
function openTempFiles(): readonly string[] {
  if (!existsSync("/proc/self/fd")) return [];
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(`${tmpdir()}/`) ? [path] : [];
    } catch {
      // Closed since the listing.
      return [];
    }
  });
}
