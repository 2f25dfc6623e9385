/** The part of `process` that is needed. */
export interface SignalSource {
  readonly on: (signal: NodeJS.Signals, listener: () => void) => unknown;
  readonly off: (signal: NodeJS.Signals, listener: () => void) => unknown;
}

const stopSignals: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP"];

/** Calls `first` for the first request to stop and `again` for every later one (exit at once there). Disposing stops listening. */
export function onStopSignals(
  source: SignalSource,
  actions: { readonly first: (signal: NodeJS.Signals) => void; readonly again: (signal: NodeJS.Signals) => void },
): Disposable {
  let stopping = false;
  const listeners = stopSignals.map((signal) => {
    const listener = (): void => {
      if (stopping) {
        actions.again(signal);
        return;
      }
      stopping = true;
      actions.first(signal);
    };
    source.on(signal, listener);
    return { signal, listener };
  });
  return {
    [Symbol.dispose]: () => {
      for (const { signal, listener } of listeners) source.off(signal, listener);
    },
  };
}
