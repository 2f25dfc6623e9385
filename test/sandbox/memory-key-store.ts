import type { SignalDataSet, SignalKeyStore } from "@whiskeysockets/baileys";

/** A Signal key store for Baileys that is only a map. */
export function memoryKeyStore(): SignalKeyStore {
  const rows = new Map<string, unknown>();
  return {
    get: async (type, ids) =>
      Object.fromEntries(
        ids.flatMap((id) => (rows.has(`${type}/${id}`) ? [[id, rows.get(`${type}/${id}`)]] : [])),
      ) as never,
    set: async (data: SignalDataSet) => {
      for (const [type, byId] of Object.entries(data)) {
        for (const [id, value] of Object.entries(byId ?? {})) {
          if (value === null) rows.delete(`${type}/${id}`);
          else rows.set(`${type}/${id}`, value);
        }
      }
    },
  };
}
