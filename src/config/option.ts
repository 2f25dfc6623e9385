import { z } from "zod";

/** What a person needs to know about one option beside its type. */
export interface OptionMeta {
  /** Name in the environment. A secret `X` is also read from the file that `X_FILE` names. */
  readonly env: string;
  /** Older or foreign names that mean the same, tried after `env`. */
  readonly aliases?: readonly string[];
  /** How the command line spells it, where it does. */
  readonly flag?: `--${string}`;
  /** What a value looks like (`30s`, `64MB`, `text`…). */
  readonly form: string;
  /** Masked wherever it is shown. */
  readonly secret?: true;
  /** A path; a relative one counts from the file that names it, else from the working directory. */
  readonly path?: true;
  /** One sentence, shown by `wazapi config print --docs` and in the README. */
  readonly doc: string;
}

/** Every leaf of the schema with its meta data; filled while the schema is declared. */
const metaOf = z.registry<OptionMeta>();

/** Declares one option: a schema and what to say about it. */
export function option<S extends z.ZodType>(meta: OptionMeta, schema: S): S {
  metaOf.add(schema, meta);
  return schema;
}

/** The meta data of a leaf; undefined for a group. */
export function optionMeta(schema: z.ZodType): OptionMeta | undefined {
  return metaOf.get(schema);
}
