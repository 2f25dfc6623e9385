/** Waits, or until `unless` settles. */
export async function pause(ms: number, unless?: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, ...(unless === undefined ? [] : [unless])]);
  clearTimeout(timer);
}
