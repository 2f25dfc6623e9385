import type { Refusal, Trace } from "#sandbox/observed.ts";

/**
 * What clients did that the real server would not have taken: what the sandbox does not know, what was unreadable and no
 * fault made so; with `refusals` also what was refused and a client has to know better, and what it left out. Empty: all
 * was honest.
 */
export function dishonestyOf(
  {
    unhandled,
    decryptErrors,
    refusals: refused,
    lapses,
  }: Pick<Trace, "unhandled" | "decryptErrors" | "refusals" | "lapses">,
  { refusals = false }: { readonly refusals?: boolean } = {},
): readonly unknown[] {
  return [
    ...unhandled,
    ...decryptErrors.filter(({ injected }) => !injected),
    ...(refusals ? [...refused.filter(({ kind }) => !byPeople.has(kind)), ...lapses] : []),
  ];
}

/** What a person, an old version or an unlinked device is refused for: no client can help it. */
const byPeople: ReadonlySet<Refusal["kind"]> = new Set(["login", "version", "pairing-code", "passkey-assertion"]);
