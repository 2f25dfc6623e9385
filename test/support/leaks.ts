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
  /**
   * Waits up to `graceMs` for what is still closing; then one line for each thing left behind since the last call, with
   * the place that opened it.
   */
  readonly left: (graceMs: number) => Promise<readonly string[]>;
}

const maxFrames = 40;
// Set by vitest, and by sharp's library.
const foreignVariables = /^(VITEST|VIPSHOME$)/;

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
  let known = { files: openTempFiles(), env: { ...process.env } };
  const handles = (): readonly (readonly [number, Held])[] => [...held].filter(([, it]) => isOpen(it) && isOurs(it));
  const files = (): readonly string[] => openTempFiles().filter((path) => !known.files.includes(path));
  const variables = (): readonly string[] =>
    Object.keys({ ...process.env, ...known.env }).filter(
      (name) => process.env[name] !== known.env[name] && !foreignVariables.test(name),
    );
  const now = (): readonly string[] => [
    ...handles().map(([, it]) => describe(it)),
    ...files().map((path) => `file ${path} open`),
    ...variables().map((name) => `environment variable ${name} changed`),
  ];
  return {
    left: async (graceMs) => {
      const endMs = performance.now() + graceMs;
      let found = now();
      while (found.length > 0 && performance.now() < endMs) {
        await wait(10);
        found = now();
      }
      // Only the file that left it behind is to blame.
      for (const [asyncId] of handles()) held.delete(asyncId);
      known = { files: openTempFiles(), env: { ...process.env } };
      return found;
    },
  };
}

function isOpen({ resource }: Held): boolean {
  // Idle connections of a pool and timers that hold nothing up are not referenced.
  return resource.deref()?.hasRef() === true;
}

/** Packages have timers of their own (Baileys for queries that nobody waits for any more), and vitest also pipes. */
function isOurs({ kind, opened }: Held): boolean {
  const frames = framesOf(opened);
  if (frames.some((frame) => frame.includes("test/support/leaks.ts"))) return false;
  // Where Baileys' listeners and events pass through our hands, its timers are still its own.
  if (kind === "timer")
    return isProjectFrame(frames.find((frame) => isProjectFrame(frame) || isPackageFrame(frame)) ?? "");
  if (frames.some(isProjectFrame)) return true;
  return !frames.some((frame) => /node_modules\/(@?vitest|vite|tinypool)/.test(frame));
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

function isPackageFrame(frame: string): boolean {
  return frame.includes("node_modules");
}

function isProjectFrame(frame: string): boolean {
  return frame.includes(projectRoot) && !frame.includes("node_modules");
}

/**
 * Files that this process holds open in directories of tests, databases above all; Baileys keeps uploads open that lie
 * beside those directories. Only Linux tells.
 */
function openTempFiles(): readonly string[] {
  if (!existsSync("/proc/self/fd")) return [];
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      const [directory, file] = path.startsWith(`${tmpdir()}/`) ? path.slice(tmpdir().length + 1).split("/") : [];
      return directory !== undefined && file !== undefined ? [path] : [];
    } catch {
      // Closed since the listing.
      return [];
    }
  });
}
