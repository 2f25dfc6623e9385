import { WazapiError } from "#domain/errors.ts";

import type { HttpDeps } from "./deps.ts";

/** What the routes can use while another process leads. */
export type StandbyParts = Pick<
  HttpDeps,
  "readiness" | "metrics" | "addressGuard" | "stopping" | "clock" | "log" | "webhookSchemas" | "version" | "publicUrl"
>;

/**
 * Dependencies of a server that waits for its turn: public routes work, all others answer `standby` before they come to
 * what is missing here.
 */
export function standbyDeps(parts: StandbyParts): HttpDeps {
  return {
    ...parts,
    availability: () => "standby",
    store: {
      instances: missing,
      events: missing,
      deliveries: missing,
      queue: missing,
      messages: missing,
      directory: missing,
    },
    sessions: missing,
    sendQueue: missing,
    webhookTest: missing,
    feed: missing,
    unknownWire: missing,
    wake: missing,
    deadLetters: missing,
    remoteFile: missing,
    media: missing,
    mediaFiles: missing,
    chatMessages: missing,
    renderEvent: refuse,
  };
}

function refuse(): never {
  throw new WazapiError("standby");
}

// Every property is a function that refuses; no object could have the shape of all these ports, hence `never`.
const missing = new Proxy({}, { get: () => refuse }) as never;
