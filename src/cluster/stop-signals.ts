import { systemClock } from "#lib/clock.ts";

/** The part of `process` that is needed. */
export interface SignalSource {
  readonly on: (signal: NodeJS.Signals, listener: () => void) => unknown;
  readonly off: (signal: NodeJS.Signals, listener: () => void) => unknown;
}

const stopSignals: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP"];

/** The terminal sends Ctrl+C to npm and to the launcher too, and both pass it on: one request arrives up to three times. */
const echoMs = 200;

/** Calls `first` for the first request to stop and `again` for every later one (exit at once there). Disposing stops listening. */
export function onStopSignals(
  source: SignalSource,
  actions: { readonly first: (signal: NodeJS.Signals) => void; readonly again: (signal: NodeJS.Signals) => void },
  clock: { readonly monotonicMs: () => number } = systemClock,
): Disposable {
  let begun: { readonly signal: NodeJS.Signals; readonly atMs: number } | undefined;
  const listeners = stopSignals.map((signal) => {
    const listener = (): void => {
      const atMs = clock.monotonicMs();
      if (begun === undefined) {
        begun = { signal, atMs };
        actions.first(signal);
      } else if (signal !== begun.signal || atMs - begun.atMs > echoMs) actions.again(signal);
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
