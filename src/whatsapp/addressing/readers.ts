import { AsyncLocalStorage } from "node:async_hooks";

/** Who a message was encrypted for: kept for each send by itself, however many run at the same time. */
export interface Readers {
  /** Runs a send and answers, with its result, the devices (JIDs) that it encrypted for. */
  readonly during: <T>(
    work: () => Promise<T>,
  ) => Promise<{ readonly result: T; readonly devices: ReadonlySet<string> }>;
  /** Something was encrypted for this device; of a send when called inside one. */
  readonly note: (jid: string) => void;
}

/** Nobody yet. */
export function createReaders(): Readers {
  const sends = new AsyncLocalStorage<Set<string>>();
  return {
    during: async (work) => {
      const devices = new Set<string>();
      return { result: await sends.run(devices, work), devices };
    },
    note: (jid) => void sends.getStore()?.add(jid),
  };
}
