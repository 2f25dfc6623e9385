import type { Connection } from "#domain/instance.ts";
import { WazapiError } from "#domain/errors.ts";
import type { PasskeyView } from "#domain/passkey.ts";
import type { SessionControl } from "#domain/session.ts";
import type { Log, LogFields } from "#lib/log.ts";

/** Sessions that note what is asked of them; `connection` is what they say of themselves, `now` their time. */
export function sessionsOf(
  calls: unknown[],
  { connection, passkey }: { readonly connection: () => Connection; readonly passkey: () => PasskeyView },
  now: number,
): SessionControl {
  const note =
    (name: string) =>
    async (...input: readonly unknown[]): Promise<void> => {
      calls.push([name, ...input]);
    };
  const requireConnected = () => {
    if (connection().state !== "connected") throw new WazapiError("not_connected");
  };
  const requireUnpaired = () => {
    if (connection().state === "connected") throw new WazapiError("already_paired");
  };
  return {
    start: note("start"),
    restart: note("restart"),
    logout: note("logout"),
    stop: note("stop"),
    view: async () => ({ connection: connection(), owned: true }),
    qr: async () => {
      requireUnpaired();
      return { qr: "2@ref,key,identity,secret", expiresAt: now + 20_000 };
    },
    pairingCode: async ({ phone, customCode }) => {
      requireUnpaired();
      calls.push(["pairingCode", phone, customCode]);
      return "ABCD1234";
    },
    passkey: async () => passkey(),
    answerPasskey: async (input) => void calls.push(["answerPasskey", input]),
    comparePasskey: async (input) => void calls.push(["comparePasskey", input]),
    profile: async () => {
      requireConnected();
      return { phone: "5511988887777", lid: "4455", name: "Ana", about: "busy", isBusiness: false };
    },
    deleteMessage: async (input) => {
      requireConnected();
      calls.push(["deleteMessage", input]);
    },
    readMessages: async (input) => {
      requireConnected();
      calls.push(["readMessages", input]);
    },
    setProfile: async (instanceId, change) => {
      requireConnected();
      calls.push(["setProfile", instanceId, change]);
    },
  };
}

/** A log that keeps its lines, message and fields in one. */
export function recordingLog(logged: unknown[]): Log {
  const note = (fields: LogFields, message: string) => void logged.push({ ...fields, message });
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  return log;
}
