import { H3, toNodeHandler } from "h3";
import { quietLibsignal } from "#lib/quiet-libsignal.ts";
import type { ChatKind } from "./chat-kind.ts";
import { createConnection, type Connection } from "./connection.ts";
import { createControl } from "./control/control.ts";
import type { SandboxControl } from "./control.ts";
import { createFaultRules } from "./faults.ts";
import { createControlApi } from "./http-api.ts";
import { basicIqs, type IqTable } from "./iq/table.ts";
import { listenSandbox, type ListenerParts } from "./listener.ts";
import { logIn } from "./login.ts";
import { openMediaStation } from "./media/media-station.ts";
import { directChats } from "./messages/direct.ts";
import { noGroups } from "./no-groups.ts";
import { defaultSandboxOptions, type SandboxOptions } from "./options.ts";
import { offerPairing } from "./pairing-requests.ts";
import { takeStanza } from "./stanzas.ts";
import { createTimers } from "./timers.ts";
import { acceptNoise, type NoiseHandlers } from "./wire/accept-noise.ts";
import { createServerKeys } from "./wire/server-keys.ts";
import { createWorld, type World } from "./world.ts";

/** A running simulated WhatsApp. Disposing it saves its state and cuts every connection. */
export interface Sandbox extends AsyncDisposable {
  readonly control: SandboxControl;
  /** Base of its listener: control routes under `/sandbox` without a token, websocket and media; loopback only. */
  readonly url: string;
  /** Answers the control routes, with paths as under `/sandbox`, for whoever mounts them elsewhere. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

/** Starts a sandbox; it ends with the signal too. Throws `unavailable` when the port cannot be had. */
export async function startSandbox(given: Partial<SandboxOptions> = {}, signal?: AbortSignal): Promise<Sandbox> {
  quietLibsignal();
  const options = { ...defaultSandboxOptions, ...given };
  const { log, seed } = options;
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  await using parts = new AsyncDisposableStack();
  const timers = createTimers(log);
  parts.defer(timers.clear);
  // Nobody is answered before everything is there.
  let ready: ListenerParts = { control: unavailable, media: unavailable, socket: (socket) => socket.terminate() };
  const listener = await listenSandbox(options.port, () => ready);
  const faults = createFaultRules();
  const media = parts.use(await openMediaStation({ faults, log }, { url: listener.url }));
  parts.use(listener);
  const chats: ChatKind[] = [];
  const world = createWorld({ options, faults, media, chats, timers, signal: stopped });
  const groups = noGroups();
  chats.push(directChats(world), ...groups.chats);
  const table: IqTable = { ...basicIqs, ...groups.iqs };
  const keys = createServerKeys(Buffer.from(`${seed}/server`));
  const rootPublicKey = Buffer.from(keys.root.public).toString("hex");
  const config = { websocketUrl: listener.websocketUrl, rootPublicKey, mediaUrl: listener.url };
  const control = createControl({ world, groups, timers, config });
  const api = createControlApi(control, { media, log });
  const app = new H3({ silent: true }).mount("/sandbox", api);
  const handle = toNodeHandler(app);
  ready = {
    control: (request, response) => void handle(request, response),
    media: (request, response) => media.handle(request, response),
    socket: (socket) => acceptNoise(socket, keys, connectionHandlers(world, table)),
  };
  parts.defer(() => stop.abort());
  const owned = parts.move();
  const close = async (): Promise<void> => owned.disposeAsync();
  stopped.addEventListener("abort", () => void close(), { once: true });
  return { control, url: listener.url, fetch: async (request) => api.fetch(request), [Symbol.asyncDispose]: close };
}

const unavailable: ListenerParts["control"] = (request, response) => {
  request.resume();
  response.writeHead(503).end();
};

function connectionHandlers(world: World, table: IqTable): NoiseHandlers {
  let connection: Connection | undefined;
  return {
    opened(link) {
      const opened = createConnection(world.trace, link);
      connection = opened;
      world.connections.add(opened);
      if (link.payload.devicePairingData) offerPairing(world, opened);
      else logIn(world, opened);
    },
    stanza: async (node) => {
      if (connection !== undefined) await takeStanza({ world, table }, connection, node);
    },
    closed() {
      if (connection === undefined) return;
      world.connections.delete(connection);
      connection.close();
      const { companion } = connection;
      if (companion?.connection === connection) companion.connection = undefined;
    },
    refused: (detail) => world.trace.refusal("handshake", detail),
  };
}
