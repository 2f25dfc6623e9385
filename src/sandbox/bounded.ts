/** Sets a key as the newest of a map and forgets the oldest beyond the limit. */
export function setBounded<K, V>(map: Map<K, V>, entry: { readonly key: K; readonly value: V }, limit: number): void {
  map.delete(entry.key);
  map.set(entry.key, entry.value);
  if (map.size <= limit) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
