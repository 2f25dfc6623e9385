/** A statement the server prepares once per connection, under this name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

type Single = string | number | boolean | Uint8Array | null;

/** What a parameter can be; an array is one parameter. */
export type Value = Single | readonly Single[];

/** Names the statements of a file after it: a name stands for one text in the whole program. */
export function statements<Key extends string>(
  file: string,
  texts: Readonly<Record<Key, string>>,
): Readonly<Record<Key, Statement>> {
  const named = Object.entries<string>(texts).map(([key, text]) => [key, { name: `${file}.${key}`, text }]);
  // Same keys as `texts`, which the compiler cannot follow through entries.
  return Object.fromEntries(named) as Readonly<Record<Key, Statement>>;
}
