import type { Store } from "#store/store.ts";

/** Decides about a call before it reaches the store: throws, waits, or lets it pass. `method` is `port.name`. */
export type StoreFault = (method: string, input: unknown) => Promise<void> | void;

/** A store whose calls can be made to fail or to wait. */
export interface FaultyStore {
  readonly store: Store;
  /** What happens to calls from now on. */
  readonly before: (fault: StoreFault) => void;
  /** How often each method was called. */
  readonly calls: ReadonlyMap<string, number>;
}

/** Puts itself in front of every method of every port. */
export function faultyStore(inner: Store): FaultyStore {
  let fault: StoreFault = () => {};
  const calls = new Map<string, number>();
  const ports = new Map<PropertyKey, object>();
  const watched = (port: string, target: object): object =>
    new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...input: unknown[]): Promise<unknown> => {
          const called = `${port}.${String(name)}`;
          calls.set(called, (calls.get(called) ?? 0) + 1);
          await fault(called, input[0]);
          return await method.apply(target, input);
        };
      },
    });
  const store = new Proxy(inner, {
    get: (target, port) => {
      const value: unknown = Reflect.get(target, port);
      if (typeof value !== "object" || value === null) return value;
      const known = ports.get(port) ?? watched(String(port), value);
      ports.set(port, known);
      return known;
    },
    // The engine spreads its store.
    ownKeys: (target) => Reflect.ownKeys(target),
  });
  return {
    store,
    calls,
    before: (next) => {
      fault = next;
    },
  };
}
