/** A store's port in the hands of a process that can die: from then on no call of it is ever answered. */
export interface Dying<Port extends object> {
  readonly port: Port;
  /** Calls whose answer is still on its way are written, but nobody hears of it. */
  readonly die: () => void;
  readonly isDead: () => boolean;
}

/** Puts a death in front of a port, as SIGKILL does: what was asked before may still happen. */
export function dying<Port extends object>(inner: Port): Dying<Port> {
  let dead = false;
  const never = new Promise<never>(() => {});
  const port = new Proxy(inner, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...input: unknown[]): Promise<unknown> => {
        if (dead) return await never;
        const answer: unknown = await method.apply(target, input);
        return dead ? await never : answer;
      };
    },
  });
  return { port, die: () => (dead = true), isDead: () => dead };
}
