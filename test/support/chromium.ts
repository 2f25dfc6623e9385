import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is; undefined when it is not installed. Where it must be, its absence throws. */
export function findChromium(): string | undefined {
  const found = places.find((path) => existsSync(path));
  if (found === undefined && process.env["WAZAPI_TEST_SERVICES"] === "required") throw new Error("chromium is missing");
  return found;
}

/** One page of a browser without a window. */
export interface Page extends AsyncDisposable {
  /** A command of the DevTools protocol. */
  readonly send: (method: string, params?: object) => Promise<Record<string, unknown>>;
  readonly open: (url: string) => Promise<void>;
  /** The value of an expression, as JSON; promises are waited for, and it counts as a touch of the user. */
  readonly evaluate: <T = unknown>(expression: string) => Promise<T>;
}

/** Starts a browser with an empty profile; disposing ends it and removes the profile. */
export async function openPage(chromium: string): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), "wazapi-chromium-"));
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    `--user-data-dir=${profile}`,
    "--remote-debugging-port=0",
    "about:blank",
  ];
  const child = spawn(chromium, flags, { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  try {
    const limit = AbortSignal.timeout(60_000);
    let port: string | undefined;
    while (port === undefined) {
      limit.throwIfAborted();
      const text = await readFile(join(profile, "DevToolsActivePort"), "utf8").catch(() => "");
      [port] = text.split("\n").filter((line) => /^\d+$/.test(line));
      if (port === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(pages.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
    await new Promise<void>((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const page = pageOn(socket, stop);
    // Asking for a passkey wants a page that has the focus.
    await page.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    return page;
  } catch (error) {
    await stop();
    throw error;
  }
}

function pageOn(socket: WebSocket, stop: () => Promise<void>): Page {
  const waiting = new Map<
    number,
    (answer: { result?: Record<string, unknown>; error?: { message: string } }) => void
  >();
  let last = 0;
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { id?: number; result?: Record<string, unknown> };
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  const send: Page["send"] = async (method, params = {}) => {
    last += 1;
    const id = last;
    const answered = new Promise<{ result?: Record<string, unknown>; error?: { message: string } }>((resolve) =>
      waiting.set(id, resolve),
    );
    socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  };
  return {
    send,
    open: async (url) => void (await send("Page.navigate", { url })),
    evaluate: async <T>(expression: string) => {
      const { result, exceptionDetails } = await send("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
        userGesture: true,
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: T }).value as T;
    },
    [Symbol.asyncDispose]: async () => {
      socket.terminate();
      await stop();
    },
  };
}
