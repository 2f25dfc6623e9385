import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Backlog } from "./backlog.ts";
import type { Companion } from "./companion.ts";
import type { PairingState } from "./pairing-state.ts";
import { SandboxError } from "./sandbox-error.ts";
import type { TraceLog } from "./trace.ts";
import type { NoiseLink } from "./wire/accept-noise.ts";

/** One client's socket after the handshake. */
export interface Connection {
  readonly link: NoiseLink;
  /** The device that logged in here; undefined while it is not linked. */
  companion: Companion | undefined;
  /** How far linking has come; undefined once the device is logged in. */
  pairing: PairingState | undefined;
  /** The way of queued stanzas, from login on. */
  backlog: Backlog | undefined;
  /** Writes a stanza; false when the socket is closed or silent. */
  send(node: BinaryNode): boolean;
  /** Sends a query with an id and waits for its answer. Throws `unavailable` when none comes. */
  ask(query: BinaryNode, signal: AbortSignal): Promise<BinaryNode>;
  /** Takes an answer to `ask`; false when nobody asked. */
  answered(node: BinaryNode): boolean;
  /** Says a last word and closes. */
  close(last?: BinaryNode): void;
  /** Cuts the connection without a word. */
  drop(): void;
  isOpen(): boolean;
  /** From now on nothing is read or written; `wake` ends it. */
  silence(): void;
  wake(): void;
  isSilent(): boolean;
}

const askMs = 15_000;

/** Wraps a link whose client has not said yet what it wants. */
export function createConnection(trace: TraceLog, link: NoiseLink): Connection {
  const asked = new Map<string, (answer: BinaryNode | undefined) => void>();
  let isSilent = false;

  const traceAs = (direction: "in" | "out", node: BinaryNode): void => {
    const { companion } = connection;
    trace.stanza(
      direction,
      companion === undefined ? {} : { number: companion.person.number, device: companion.id },
      node,
    );
  };
  const forget = (): void => {
    connection.backlog?.close();
    for (const answer of asked.values()) answer(undefined);
  };
  const connection: Connection = {
    link,
    companion: undefined,
    pairing: undefined,
    backlog: undefined,
    send(node) {
      if (isSilent || !link.isOpen()) return false;
      traceAs("out", node);
      return link.send(node);
    },
    async ask(query, signal) {
      const id = query.attrs["id"] ?? "";
      const until = AbortSignal.any([signal, AbortSignal.timeout(askMs)]);
      const answer = await new Promise<BinaryNode | undefined>((resolve) => {
        const done = (node: BinaryNode | undefined): void => {
          asked.delete(id);
          until.removeEventListener("abort", giveUp);
          resolve(node);
        };
        const giveUp = (): void => done(undefined);
        asked.set(id, done);
        until.addEventListener("abort", giveUp, { once: true });
        if (until.aborted || !connection.send(query)) giveUp();
      });
      if (answer === undefined) throw new SandboxError("unavailable", "the client did not answer");
      return answer;
    },
    answered(node) {
      const waiting = asked.get(node.attrs["id"] ?? "");
      waiting?.(node);
      return waiting !== undefined;
    },
    close(last) {
      if (last !== undefined) connection.send(last);
      forget();
      link.close();
    },
    drop() {
      forget();
      link.drop();
    },
    isOpen: () => link.isOpen(),
    silence() {
      isSilent = true;
    },
    wake() {
      isSilent = false;
      connection.backlog?.resume();
    },
    isSilent: () => isSilent,
  };
  return connection;
}
