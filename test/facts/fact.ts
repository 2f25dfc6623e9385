/** A test that shows something, by its file and the beginning (or a distinctive part) of its name. */
export interface Proof {
  /** Relative to `test/`. */
  readonly file: string;
  readonly name: string;
}

/** Who shows it; or in one sentence why nobody does. */
export type Shown = readonly Proof[] | { readonly not: string };

/** One fact about the WhatsApp of today, and what is done about it here. */
export interface Fact {
  /** Unique and short, in kebab case: the anchor in `docs/whatsapp.md`. */
  readonly id: string;
  /** What WhatsApp does, in a sentence or two. */
  readonly fact: string;
  /** Since when, or when it was last seen: year and month. */
  readonly since: string;
  /** Where it is known from: public projects and their issues, and how sure that is. */
  readonly source: string;
  /** What the sandbox does, in a sentence; `sandboxBy` are the tests that show it. */
  readonly sandbox: string;
  readonly sandboxBy: Shown;
  /** What wazapi does, in a sentence; `clientBy` are the tests that show it. */
  readonly client: string;
  readonly clientBy: Shown;
  /** What only a phone can confirm, and the command to try it with. */
  readonly phone?: string;
}
