import type { Store } from "#store/store.ts";

/** Where a process ends itself: before a store method begins, or right after its commit and before anyone hears of it. */
export interface CrashPoint {
  readonly method: CrashMethod;
  readonly when: "before" | "after";
  /** Which call of the method, from 1. */
  readonly nth: number;
}

/**
 * The commits that every message passes. `authState.commit`: ratchet and journal (after it the receipt leaves);
 * `events.persist`: the outbox; `deliveries.settle`: after the POST; `queue.enqueue`: before the 200; `queue.claim`: before
 * the send; `queue.settle`: after WhatsApp's ack.
 */
export const crashMethods = [
  "authState.commit",
  "events.persist",
  "deliveries.claimLanes",
  "deliveries.settle",
  "queue.enqueue",
  "queue.claim",
  "queue.settle",
] as const;

/** One of the commits. */
export type CrashMethod = (typeof crashMethods)[number];

/** `queue.settle:before:3`, as the server process reads it from its environment. */
export function pointText({ method, when, nth }: CrashPoint): string {
  return `${method}:${when}:${nth}`;
}

/** The point this text names. Throws for any other text. */
export function parsePoint(text: string): CrashPoint {
  const [method, when, nth] = text.split(":");
  const known = crashMethods.find((name) => name === method);
  if (known === undefined || (when !== "before" && when !== "after")) throw new Error(`no crash point: ${text}`);
  return { method: known, when, nth: Number(nth) };
}

/** The store, with a call that never comes back. */
export function crashingStore(store: Store, point: CrashPoint): Store {
  const [port, name] = point.method.split(".") as [keyof Store, string];
  let calls = 0;
  const armed = new Proxy(store[port], {
    get: (target, property) => {
      const method: unknown = Reflect.get(target, property);
      if (property !== name || typeof method !== "function") return method;
      return async (...input: unknown[]) => {
        calls += 1;
        const isPoint = calls === point.nth;
        if (isPoint && point.when === "before") die();
        const answer: unknown = await method.apply(target, input);
        if (isPoint) die();
        return answer;
      };
    },
  });
  // Not spread: the store's own disposer must stay reachable.
  return new Proxy(store, { get: (target, property) => (property === port ? armed : Reflect.get(target, property)) });
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal comes at once, but not before this statement.
  for (;;);
}
