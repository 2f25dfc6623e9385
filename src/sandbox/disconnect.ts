import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Connection } from "./connection.ts";
import type { Fault } from "./fault.ts";
import { stanza } from "./wire/stanza.ts";
import type { World } from "./world.ts";

/** WhatsApp protocol: the last stanza before the server closes, by the code that clients make of it. */
export function farewell(code: number, attrs?: Readonly<Record<string, string>>): BinaryNode {
  if (attrs !== undefined) return refusal(code, attrs);
  switch (code) {
    case 401:
      return stanza("stream:error", { code }, [stanza("conflict", { type: "device_removed" })]);
    case 440:
      return stanza("stream:error", {}, [stanza("conflict", { type: "replaced" })]);
    case 428:
      return stanza("xmlstreamend");
    case 500:
      return stanza("stream:error", {}, [stanza("ack")]);
    // Banned, client too old and the like: such a client may not log in.
    case 402:
    case 403:
    case 405:
    case 406:
    case 409:
    case 413:
    case 414:
    case 415:
    case 418:
      return refusal(code);
    default:
      return stanza("stream:error", { code });
  }
}

/** WhatsApp protocol: the end of a stream whose client never confirmed this stanza. */
export function unconfirmed({ tag, attrs }: BinaryNode): BinaryNode {
  return stanza("stream:error", {}, [stanza("ack", { class: tag, id: attrs["id"], type: attrs["type"] })]);
}

/** What a login that is not let in is told; the attributes go beside the reason, or instead of it. */
export function refusal(reason: number, attrs: Readonly<Record<string, string>> = {}): BinaryNode {
  return stanza("failure", { reason, location: "frc", ...attrs });
}

/** Closes a connection in the way that clients report with this code. */
export function disconnect(connection: Connection, { code, attrs }: Pick<Fault, "code" | "attrs">): void {
  connection.close(farewell(code ?? defaultCode, attrs));
}

/** Code of a `disconnect` fault that names none: the service is not available. */
const defaultCode = 503;

/** A `silent` fault begins with the next stanza in either direction. */
export function silenceByFault(world: Pick<World, "faults" | "later">, connection: Connection, number: string): void {
  if (connection.isSilent()) return;
  const fault = world.faults.match("silent", { number });
  if (fault === undefined) return;
  connection.silence();
  if (fault.ms !== undefined) world.later(fault.ms, () => connection.wake());
}
