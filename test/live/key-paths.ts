/** Every key of a JSON value, below the keys it lies under; items of lists count once: `poll.options[].name`. */
export function keyPaths(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => keyPaths(item, `${path}[]`)))];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const own = path === "" ? key : `${path}.${key}`;
    return [own, ...keyPaths(inner, own)];
  });
}

/** What one list has and the other has not; what lies under a key that differs is not named again. */
export function difference(
  actual: readonly string[],
  expected: readonly string[],
): { readonly more: readonly string[]; readonly less: readonly string[] } {
  return { more: outermost(actual, expected), less: outermost(expected, actual) };
}

function outermost(keys: readonly string[], known: readonly string[]): readonly string[] {
  const alone = keys.filter((key) => !known.includes(key));
  const isBelow = (key: string): boolean =>
    alone.some((other) => key.startsWith(`${other}.`) || key.startsWith(`${other}[]`));
  return alone.filter((key) => !isBelow(key)).sort();
}
