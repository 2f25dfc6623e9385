import { H3, toNodeHandler } from "h3";
import { quietLibsignal } from "#lib/quiet-libsignal.ts";
import type { ChatKind } from "./chat-kind.ts";
import { refuseOldVersion, versionPath, versionScript } from "./client-version.ts";
import { createConnection, type Connection } from "./connection.ts";
import { createControl } from "./control/control.ts";
import type { SandboxControl } from "./control.ts";
import { createFaultRules } from "./faults.ts";
import { createGroupFeature } from "./groups/group-feature.ts";
import { createControlApi } from "./http-api.ts";
import { basicIqs, type IqTable } from "./iq/table.ts";
import { listenSandbox, type ListenerParts, type UpgradeRefusal } from "./listener.ts";
import { logIn } from "./login.ts";
import { openMediaStation } from "./media/media-station.ts";
import { directChats } from "./messages/direct.ts";
import { defaultSandboxOptions, type SandboxOptions } from "./options.ts";
import { offerPairing } from "./pairing-requests.ts";
import { leave } from "./presence.ts";
import { SandboxError } from "./sandbox-error.ts";
import { restoreWorld } from "./state/restore-world.ts";
import { saveWorld } from "./state/save-world.ts";
import { openStateFile, readState } from "./state/state-file.ts";
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
  const { clock, log, seed, statePath } = options;
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  await using parts = new AsyncDisposableStack();
  const timers = createTimers(log);
  parts.defer(timers.clear);
  // Nobody is answered before everything is there.
  let ready: ListenerParts = {
    control: unavailable,
    media: unavailable,
    socket: (socket) => socket.terminate(),
    refuseUpgrade: () => undefined,
  };
  const listener = parts.use(await listenSandbox(options.port, () => ready));
  const faults = createFaultRules();
  const kept = statePath === undefined ? {} : { directory: `${statePath}.media` };
  const media = parts.use(await openMediaStation({ faults, log }, { url: listener.url, ...kept }));
  const chats: ChatKind[] = [];
  const world = createWorld({ options, faults, media, chats, timers, signal: stopped });
  const groups = createGroupFeature(world);
  chats.push(directChats(world), ...groups.chats);
  const table: IqTable = { ...basicIqs, ...groups.iqs };
  if (statePath !== undefined) {
    const state = await readState(statePath);
    if (state !== undefined) await restoreWorld({ world, groups }, state);
    const file = parts.use(openStateFile({ clock, log, snapshot: () => saveWorld(world, groups) }, statePath));
    world.changed = file.changed;
  }
  const keys = createServerKeys(Buffer.from(`${seed}/server`));
  const rootPublicKey = Buffer.from(keys.root.public).toString("hex");
  const config = {
    websocketUrl: listener.websocketUrl,
    rootPublicKey,
    mediaUrl: listener.url,
    versionUrl: `${listener.url}${versionPath}`,
  };
  const control = createControl({ world, groups, timers, config });
  const api = createControlApi(control, { media, log });
  const app = new H3({ silent: true }).mount("/sandbox", api);
  const handle = toNodeHandler(app);
  ready = {
    control: (request, response) => void handle(request, response),
    media: (request, response) => {
      if (request.url === versionPath) response.end(versionScript(world));
      else media.handle(request, response);
    },
    socket: (socket) => acceptNoise(socket, keys, connectionHandlers(world, table)),
    refuseUpgrade: () => refusedUpgrade(world),
  };
  // First of all nobody is let in any more and everybody is cut off, so that what is saved is the last that happened.
  parts.defer(() => {
    ready = { ...ready, socket: (socket) => socket.terminate() };
    stop.abort();
    timers.clear();
    for (const connection of world.connections) connection.drop();
  });
  const owned = parts.move();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing ??= owned.disposeAsync();
    return closing;
  };
  stopped.addEventListener("abort", () => void close(), { once: true });
  return { control, url: listener.url, fetch: async (request) => api.fetch(request), [Symbol.asyncDispose]: close };
}

function refusedUpgrade({ faults }: World): UpgradeRefusal | undefined {
  const fault = faults.match("upgrade-refuse", {});
  if (fault === undefined) return undefined;
  const { code: status = 503, ms } = fault;
  return { status, ...(ms !== undefined && { retryAfterSeconds: Math.ceil(ms / 1000) }) };
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
      if (refuseOldVersion(world, opened)) return;
      if (link.payload.devicePairingData) offerPairing(world, opened);
      else logIn(world, opened);
    },
    async stanza(node) {
      if (connection === undefined) return;
      try {
        await takeStanza({ world, table }, connection, node);
      } catch (error) {
        // What the sandbox refuses on purpose is no reason to cut the client off.
        if (!(error instanceof SandboxError)) throw error;
        world.options.log.warn({ error }, "sandbox: a stanza could not be handled");
      }
    },
    closed() {
      if (connection === undefined) return;
      world.connections.delete(connection);
      connection.pairing?.ceremony?.closed();
      connection.close();
      const { companion } = connection;
      if (companion?.connection !== connection) return;
      companion.connection = undefined;
      leave(world, companion);
    },
    refused(detail) {
      // A connection that breaks is not the client's fault.
      if (/\bE[A-Z]{4,}\b/.test(detail)) return;
      world.options.log.warn({ detail }, "sandbox: a client was cut off");
      world.trace.refusal("handshake", detail);
    },
  };
}
