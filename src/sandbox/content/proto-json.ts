import { proto } from "@whiskeysockets/baileys";
import { SandboxError } from "../sandbox-error.ts";

/** A message as protobuf JSON: bytes as base64, 64-bit numbers as text, enums by name. */
export function messageToJson(message: proto.IMessage): Readonly<Record<string, unknown>> {
  return toObject(message, { enums: String });
}

/** A shared setting as protobuf JSON. */
export function settingToJson(value: proto.ISyncActionValue): Readonly<Record<string, unknown>> {
  return proto.SyncActionValue.toObject(value as proto.SyncActionValue, {
    bytes: String,
    longs: String,
    enums: String,
  });
}

/** Reads a shared setting as protobuf JSON. Throws `invalid` for what this protocol version does not have. */
export function settingFromJson(json: Readonly<Record<string, unknown>>): proto.ISyncActionValue {
  let value: proto.SyncActionValue;
  try {
    value = proto.SyncActionValue.fromObject(json);
  } catch (cause) {
    throw new SandboxError("invalid", "value is not a setting as protobuf JSON", { cause });
  }
  const numbers = proto.SyncActionValue.toObject(value, { bytes: String, longs: String });
  const lost = firstLost(json, [settingToJson(value), numbers], "value");
  if (lost !== undefined) throw new SandboxError("invalid", `${lost} is not part of WhatsApp's protocol`);
  return settingToJson(value);
}

/** Reads protobuf JSON. Throws `invalid` naming the first field or value that this protocol version does not have. */
export function messageFromJson(json: Readonly<Record<string, unknown>>): proto.IMessage {
  if (Object.keys(json).length === 0) throw new SandboxError("invalid", "proto is empty");
  let message: proto.Message;
  try {
    message = proto.Message.fromObject(json);
  } catch (cause) {
    throw new SandboxError("invalid", "proto is not a message as protobuf JSON", { cause });
  }
  const understood = [toObject(message, { enums: String }), toObject(message, {})];
  const lost = firstLost(json, understood, "proto");
  if (lost !== undefined) throw new SandboxError("invalid", `${lost} is not part of WhatsApp's protocol`);
  return message;
}

/** Reads what {@link messageToJson} wrote. */
export function messageOfJson(json: Readonly<Record<string, unknown>>): proto.IMessage {
  return proto.Message.fromObject(json);
}

function toObject(message: proto.IMessage, options: { enums?: StringConstructor }): Readonly<Record<string, unknown>> {
  // toObject reads fields only, so an interface-shaped message serves as well as an instance.
  return proto.Message.toObject(message as proto.Message, { bytes: String, longs: String, ...options });
}

/**
 * Path of the first value that is in `given` but in none of its readings. Protobuf drops what it does not know without
 * a word, so a typing mistake would otherwise pass as an empty message.
 */
function firstLost(given: unknown, readings: readonly unknown[], path: string): string | undefined {
  if (given === null || given === undefined) return undefined;
  if (readings.every((reading) => reading === undefined)) return path;
  if (typeof given !== "object") return readings.some((reading) => sameScalar(given, reading)) ? undefined : path;
  // Bytes may be given as a list of numbers and always read back as text.
  if (readings.some((reading) => typeof reading !== "object")) return undefined;
  for (const [key, value] of Object.entries(given)) {
    const below = readings.map((reading) => (reading as Readonly<Record<string, unknown>>)[key]);
    const lost = firstLost(value, below, Array.isArray(given) ? `${path}[${key}]` : `${path}.${key}`);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

function sameScalar(given: unknown, reading: unknown): boolean {
  if (String(given) === String(reading)) return true;
  if (typeof given !== "string" || typeof reading !== "string") return false;
  // Base64 has two alphabets and optional padding.
  return reading !== "" && Buffer.from(given, "base64").equals(Buffer.from(reading, "base64"));
}
