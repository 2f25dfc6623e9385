/** A fixed number of places; who finds none waits, first come first served. */
export interface Slots {
  /** Takes a place; the answer gives it back (once). Undefined when the signal aborted first. */
  readonly take: (signal: AbortSignal) => Promise<(() => void) | undefined>;
}

/** Opens `count` places. The waiting line is as long as the callers make it. */
export function createSlots(count: number): Slots {
  let free = count;
  const line = new Set<() => void>();

  const giveBack = (): void => {
    const [first] = line;
    if (first === undefined) {
      free += 1;
      return;
    }
    line.delete(first);
    first();
  };
  const once = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      giveBack();
    };
  };

  return {
    take: async (signal) => {
      if (signal.aborted) return undefined;
      if (free > 0) {
        free -= 1;
        return once();
      }
      return await new Promise((resolve) => {
        const leave = (): void => {
          line.delete(enter);
          resolve(undefined);
        };
        const enter = (): void => {
          signal.removeEventListener("abort", leave);
          resolve(once());
        };
        line.add(enter);
        signal.addEventListener("abort", leave, { once: true });
      });
    },
  };
}
