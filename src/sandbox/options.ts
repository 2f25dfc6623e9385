import { systemClock, type Clock } from "#lib/clock.ts";
import { silentLog, type Log } from "#lib/log.ts";

/** How a sandbox runs. */
export interface SandboxOptions {
  /** Port of the one listener (control routes, websocket, media) on the loopback address; 0 takes a free one. */
  readonly port: number;
  /** Everybody's keys and the server's follow from it: with the same seed a restarted sandbox is the same to its clients. */
  readonly seed: string;
  /** A device that uploaded no one-time pre-keys is told it has enough; pairing is faster, sessions use the signed one. */
  readonly fastPreKeys: boolean;
  /** First value of `Behaviour.receiptDelayMs`. */
  readonly receiptDelayMs: number;
  /** JSON file that holds the world over a restart; media files are kept in a directory beside it. */
  readonly statePath?: string;
  /** Takes in logins of devices it does not know, and learns their keys again. Unlinked devices stay out. */
  readonly adopt: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** What `wazapi sandbox serve` uses. */
export const defaultSandboxOptions: SandboxOptions = {
  port: 0,
  seed: "wazapi sandbox",
  fastPreKeys: false,
  receiptDelayMs: 100,
  adopt: true,
  clock: systemClock,
  log: silentLog,
};
