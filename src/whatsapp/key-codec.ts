import { BufferJSON, proto, type AuthenticationCreds, type SignalDataTypeMap } from "@whiskeysockets/baileys";

/** Bytes of a Signal key as they are stored: JSON, binary parts in base64. */
export function encodeKey(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value, BufferJSON.replacer), "utf8");
}

/** The key behind stored bytes; a fresh object on every call, so that Baileys may change it freely. */
export function decodeKey<T extends keyof SignalDataTypeMap>(type: T, bytes: Uint8Array): SignalDataTypeMap[T] {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"), revive);
  // Baileys calls methods of the message class on app-state keys; plain objects lack them.
  const key = type === "app-state-sync-key" ? proto.Message.AppStateSyncKeyData.fromObject(Object(value)) : value;
  return key as SignalDataTypeMap[T];
}

/** The credentials document as it is stored. */
export function encodeCreds(creds: AuthenticationCreds): string {
  return JSON.stringify(creds, BufferJSON.replacer);
}

/** Reads what `encodeCreds` wrote. */
export function decodeCreds(document: string): AuthenticationCreds {
  // Only `encodeCreds` writes these documents, and the store opens them only with the key that sealed them.
  return JSON.parse(document, revive) as AuthenticationCreds;
}

/** Baileys' own reviver also turns any object with numeric keys into bytes; this one only undoes what the replacer did. */
function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("type" in value) || value.type !== "Buffer") return value;
  return "data" in value && typeof value.data === "string" ? Buffer.from(value.data, "base64") : value;
}
