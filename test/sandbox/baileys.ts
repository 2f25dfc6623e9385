import { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { connect } from "node:net";
import {
  Browsers,
  initAuthCreds,
  makeWASocket,
  WA_CERT_DETAILS,
  type AuthenticationCreds,
  type BaileysEventMap,
  type BinaryNode,
  type ConnectionState,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket,
} from "@whiskeysockets/baileys";
import { Agent as Dispatcher } from "undici";
import type { ScanInput } from "#sandbox/control.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { silentLog } from "#lib/log.ts";
import { takeTokens } from "#whatsapp/restriction/tokens.ts";
import { createBaileysLog } from "./baileys-log.ts";
import { memoryKeyStore } from "./memory-key-store.ts";

/** Credentials and keys in memory; clients that share them are sockets of one device. */
export interface Auth {
  readonly creds: AuthenticationCreds;
  readonly keys: SignalKeyStore;
}

export const newAuth = (): Auth => ({ creds: initAuthCreds(), keys: memoryKeyStore() });

/** The real Baileys, connected to a sandbox. Disposing ends the socket. */
export interface Client extends AsyncDisposable {
  readonly sock: WASocket;
  readonly auth: Auth;
  /** Messages that arrived, in order. */
  readonly messages: WAMessage[];
  /** Texts of the messages of others that arrived. */
  readonly texts: () => string[];
  readonly updates: Partial<BaileysEventMap>[];
  /** Stanzas with this tag that arrived. */
  readonly stanzas: (tag: string) => BinaryNode[];
  readonly until: (what: (state: Partial<ConnectionState>) => boolean) => Promise<Partial<ConnectionState>>;
  readonly opened: () => Promise<void>;
  /** Code with which it was closed. */
  readonly closed: () => Promise<number>;
}

const untilMs = 8_000;

/** Connects; nothing is awaited yet. */
export function connectClient(
  sandbox: Sandbox,
  auth = newAuth(),
  config: Partial<UserFacingSocketConfig> = {},
): Client {
  const { websocketUrl, rootPublicKey, mediaUrl } = sandbox.control.config();
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootPublicKey, "hex");
  const port = Number(new URL(mediaUrl).port);
  const sock = makeWASocket({
    waWebSocketUrl: websocketUrl,
    auth: { creds: auth.creds, keys: auth.keys },
    logger: createBaileysLog(),
    browser: Browsers.ubuntu("Chrome"),
    emitOwnEvents: false,
    markOnlineOnConnect: false,
    fetchAgent: new PlainAgent(port) as unknown as HttpsAgent,
    options: { dispatcher: plainDispatcher(port) } as unknown as RequestInit,
    ...config,
  });
  const messages: WAMessage[] = [];
  const updates: Partial<BaileysEventMap>[] = [];
  const states: Partial<ConnectionState>[] = [];
  const nodes: BinaryNode[] = [];
  const waiting = new Set<() => void>();
  // Baileys itself reads tokens of notifications and histories only.
  takeTokens(sock, { log: silentLog });
  sock.ev.on("creds.update", (update) => Object.assign(auth.creds, update));
  sock.ev.process((events) => {
    updates.push(events);
    messages.push(...(events["messages.upsert"]?.messages ?? []));
  });
  sock.ev.on("connection.update", (state) => {
    states.push(state);
    for (const wake of waiting) wake();
  });
  sock.ws.on("frame", (node: BinaryNode) => nodes.push(node));
  const until: Client["until"] = async (what) => {
    const limit = AbortSignal.timeout(untilMs);
    for (;;) {
      const found = states.find(what);
      if (found !== undefined) return found;
      if (limit.aborted) throw new Error(`no such connection update; seen: ${JSON.stringify(states)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          limit.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        limit.addEventListener("abort", wake, { once: true });
      });
    }
  };
  return {
    sock,
    auth,
    messages,
    updates,
    stanzas: (tag) => nodes.filter((node) => node.tag === tag),
    texts: () =>
      messages.flatMap(({ key, message }) =>
        key.fromMe === true ? [] : (message?.conversation ?? message?.extendedTextMessage?.text ?? []),
      ),
    until,
    opened: async () => void (await until(({ connection }) => connection === "open")),
    closed: async () => {
      const { lastDisconnect } = await until(({ connection }) => connection === "close");
      return Object(Object(lastDisconnect?.error).output).statusCode as number;
    },
    [Symbol.asyncDispose]: async () => {
      await sock.end(undefined);
    },
  };
}

/** Links a new client by QR and brings it online, until it has its history. */
export async function pairClient(
  sandbox: Sandbox,
  account: Omit<ScanInput, "qr">,
  config: Partial<UserFacingSocketConfig> = {},
): Promise<Client> {
  const auth = newAuth();
  // Baileys writes to whatever it is told to; which name an account's chats have is for whoever uses it to know.
  await sandbox.control.behaviour({ addressing: "any" });
  await sandbox.control.migrate({ number: account.number, lidMigrated: false });
  {
    await using first = connectClient(sandbox, auth, config);
    const { qr } = await first.until((state) => state.qr !== undefined);
    await sandbox.control.scan({ ...account, qr: qr ?? "" }, AbortSignal.timeout(untilMs));
    await first.closed();
  }
  const client = connectClient(sandbox, auth, config);
  await client.opened();
  // The first history comes right after linking; tests are about what comes after it.
  const limit = AbortSignal.timeout(untilMs);
  while (auth.creds.accountSyncCounter === 0) {
    limit.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return client;
}

class PlainAgent extends HttpAgent {
  readonly #port: number;

  constructor(port: number) {
    super({ keepAlive: false });
    this.#port = port;
    Object.defineProperty(this, "protocol", { value: "https:" });
  }

  override createConnection() {
    return connect(this.#port, "127.0.0.1");
  }
}

const plainDispatcher = (port: number): Dispatcher =>
  new Dispatcher({
    connect: (_options, callback) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => callback(null, socket));
      socket.once("error", (error) => callback(error, null));
    },
  });
