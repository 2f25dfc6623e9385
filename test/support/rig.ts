import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Trace } from "#sandbox/observed.ts";
import { dishonestyOf } from "./honesty.ts";
import { freePort, quick, startNode, startProcess, until, type TestProcess } from "./processes.ts";

/** A webhook request as the receiver process remembers it. */
export interface Hit {
  readonly eventId: string;
  readonly sequence: number;
  readonly attempt: number;
  readonly path: string;
  readonly at: number;
  readonly accepted: boolean;
  readonly type: string;
  readonly messageIds: readonly string[];
  readonly fromMe: boolean;
  readonly error?: string;
}

/** One decrypted message at a contact. */
export interface InboxEntry {
  readonly seq: number;
  readonly messageId: string;
  readonly text?: string;
  readonly copies: number;
}

/** Sandbox, receiver and server, each in a process of its own, with one paired instance. Disposing ends all and removes the data. */
export interface Rig extends AsyncDisposable {
  readonly own: string;
  readonly dataDir: string;
  readonly instance: { readonly id: string; readonly token: string };
  readonly server: () => TestProcess;
  /** Starts the server and waits until it answers, or has ended already; with `CRASH_POINT` it kills itself there. */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<void>;
  /** Starts it without waiting. */
  readonly spawn: (env?: Readonly<Record<string, string>>) => TestProcess;
  /** Until the API says connected; answers the milliseconds since `since` (monotonic). */
  readonly connected: (since?: number) => Promise<number>;
  readonly api: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly instancePath: (path: string) => string;
  readonly sandbox: (method: string, path: string, body?: unknown) => Promise<unknown>;
  readonly inbox: (contact: string) => Promise<readonly InboxEntry[]>;
  readonly hits: (since?: number) => Promise<readonly Hit[]>;
  readonly behave: (behaviour: unknown) => Promise<void>;
  readonly receiverUrl: string;
  /** Closes and opens the port of the webhooks; what was accepted before stays known. */
  readonly receiver: { readonly down: () => Promise<void>; readonly up: () => Promise<void> };
  /** Until this process says that it is a standby. */
  readonly waits: (standby: TestProcess) => Promise<void>;
  readonly sandboxUrl: string;
  readonly serverUrl: string;
  /** What opens every route. */
  readonly headers: Readonly<Record<string, string>>;
}

const clientToken = "crash-suite-client-token";
const partnerToken = "crash-suite-partner-token";
const headersOfAll = { "client-token": clientToken, authorization: `Bearer ${partnerToken}` };
const serverEnv = { CLIENT_AUTH_TOKEN: clientToken, PARTNER_AUTH_TOKEN: partnerToken, LOG_LEVEL: "error" };

/** Opens a rig and pairs its number. `env` goes to every start of the server. */
export async function openRig(
  options: {
    readonly own?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly slots?: "all" | "received";
    /** The single executable; without it the server runs from its sources. */
    readonly executable?: string;
  } = {},
): Promise<Rig> {
  const own = options.own ?? "5511990000001";
  const dataDir = await mkdtemp(join(tmpdir(), "wazapi-rig-"));
  const [sandboxPort, controlPort, receiverPort, serverPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const receiverUrl = `http://127.0.0.1:${receiverPort}`;
  const controlUrl = `http://127.0.0.1:${controlPort}`;
  const serverUrl = `http://127.0.0.1:${serverPort}`;
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const sandboxProcess = parts.use(startNode(["bin/wazapi.js", "sandbox", "serve", "--port", String(sandboxPort)]));
  parts.use(startNode(["test/crash/receiver-process.ts", String(controlPort), String(receiverPort)]));
  let server: TestProcess | undefined;
  parts.defer(() => server?.[Symbol.asyncDispose]());

  const json = async (url: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(url, init);
    if (!response.ok)
      throw new Error(`${init.method ?? "GET"} ${new URL(url).pathname}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const sandbox = (method: string, path: string, body?: unknown): Promise<unknown> =>
    json(`${sandboxUrl}/sandbox${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  const reachable = (url: string) => () =>
    fetch(url).then(
      (r) => (r.ok ? true : undefined),
      () => undefined,
    );
  await until(reachable(`${sandboxUrl}/sandbox/config`), {
    what: `sandbox up: ${sandboxProcess.output()}`,
    withinMs: 20_000,
  });
  // By then the server has ended. What it did has to have been honest, through every kill.
  parts.defer(async () => {
    const trace = (await sandbox("GET", "/trace").catch(() => undefined)) as Trace | undefined;
    const dishonest = trace === undefined ? [] : dishonestyOf(trace, { refusals: true });
    if (dishonest.length > 0) throw new Error(`not honest on the wire: ${JSON.stringify(dishonest).slice(0, 4_000)}`);
  });
  await until(reachable(`${controlUrl}/log`), { what: "receiver up", withinMs: 20_000 });

  let instance = { id: "", token: "" };
  const api: Rig["api"] = (method, path, body, headers) =>
    fetch(`${serverUrl}${path}`, {
      method,
      headers: {
        ...headersOfAll,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const apiJson = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await api(method, path, body);
    if (!response.ok)
      throw new Error(
        `${method} ${path.replaceAll(/token\/\w+/g, "token/…")}: ${response.status} ${await response.text()}`,
      );
    return response.json();
  };
  const instancePath = (path: string): string => `/instances/${instance.id}/token/${instance.token}${path}`;
  const spawn: Rig["spawn"] = (env = {}) => {
    const wazapi = options.executable === undefined ? [process.execPath, "bin/wazapi.js"] : [options.executable];
    const command =
      env["CRASH_POINT"] === undefined
        ? [...wazapi, "serve", `--sandbox=${sandboxUrl}`, "--data", dataDir, "--port", String(serverPort)]
        : [process.execPath, ...quick, "test/crash/server-process.ts", dataDir, String(serverPort), sandboxUrl];
    server = startProcess(command, { ...serverEnv, ...options.env, ...env });
    return server;
  };
  const start: Rig["start"] = async (env) => {
    const mine = spawn(env);
    await until(
      async () => {
        // A crash point may already have fired while the server was starting.
        if (!mine.isRunning()) return true;
        return reachable(`${serverUrl}/health`)();
      },
      { what: `server up`, withinMs: 30_000 },
    );
  };
  const connected: Rig["connected"] = async (since = performance.now()) => {
    await until(
      async () => {
        if (server?.isRunning() === false) throw new Error(`the server ended: ${server.output()}`);
        const response = await api("GET", instancePath("/status")).catch(() => undefined);
        if (response?.ok !== true) return undefined;
        return ((await response.json()) as { connected?: boolean }).connected === true ? true : undefined;
      },
      { what: "session connected", withinMs: 60_000, everyMs: 15 },
    );
    return performance.now() - since;
  };

  await start();
  const created = (await apiJson("POST", "/instances/integrator/on-demand", { name: "rig" })) as {
    id: string;
    token: string;
  };
  instance = { id: created.id, token: created.token };
  if (options.slots === "received")
    await apiJson("PUT", instancePath("/update-webhook-received"), { value: `${receiverUrl}/hook` });
  else await apiJson("PUT", instancePath("/update-every-webhooks"), { value: `${receiverUrl}/hook` });
  const qr = await until(
    async () => {
      const response = await api("GET", instancePath("/qr-code"));
      if (!response.ok) return undefined;
      const text = await response.text();
      try {
        return (JSON.parse(text) as { value?: string }).value;
      } catch {
        return text;
      }
    },
    { what: "a QR", withinMs: 30_000, everyMs: 100 },
  );
  await sandbox("POST", `/phones/${own}/scan`, { qr });
  await connected();
  const owned = parts.move();
  return {
    own,
    dataDir,
    get instance() {
      return instance;
    },
    server: () => server!,
    start,
    spawn,
    connected,
    api,
    instancePath,
    sandbox,
    receiverUrl,
    receiver: {
      down: async () => void (await json(`${controlUrl}/down`, { method: "POST" })),
      up: async () => void (await json(`${controlUrl}/up`, { method: "POST" })),
    },
    waits: async (standby) => {
      const isStandby = (): boolean => standby.output().includes("standby");
      await until(isStandby, { what: "a standby", withinMs: 60_000, everyMs: 10 });
    },
    sandboxUrl,
    serverUrl,
    headers: headersOfAll,
    inbox: async (contact) => {
      const entries: InboxEntry[] = [];
      for (;;) {
        const last = entries.at(-1)?.seq ?? 0;
        const page = (await sandbox("GET", `/contacts/${contact}/inbox?since=${last}`)) as
          | InboxEntry[]
          | { messages: InboxEntry[] };
        const rows = Array.isArray(page) ? page : page.messages;
        if (rows.length === 0) return entries;
        entries.push(...rows);
      }
    },
    hits: async (since = 0) => (await json(`${controlUrl}/log?since=${since}`)) as readonly Hit[],
    behave: async (behaviour) =>
      void (await json(`${controlUrl}/behaviour`, { method: "POST", body: JSON.stringify(behaviour) })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
