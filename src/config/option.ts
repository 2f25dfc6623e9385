import { z } from "zod";

/** What a person needs to know about one option beside its type. */
export interface OptionMeta {
  /** Name in the environment. A secret `X` is also read from the file that `X_FILE` names. */
  readonly env: string;
  /** Older or foreign names that mean the same, tried after `env`. */
  readonly aliases?: readonly string[];
  /** Unit of a number (`ms`, `hours`, `bytes`…). */
  readonly unit?: string;
  /** Masked wherever it is shown. */
  readonly secret?: true;
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

/** A text that is not blank. */
export const text = z.string().trim().min(1, "must not be empty");

/** A whole number of at least `min`; digits are taken as well, because the environment has only text. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodType<number> {
  return z.preprocess(
    (value) => (typeof value === "string" && /^-?\d+$/.test(value.trim()) ? Number(value) : value),
    z.int(`must be a whole number from ${min} to ${max}`).min(min).max(max),
  );
}

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

/** True or false, also as the words true/false, yes/no, on/off, 1/0. */
export const yesNo: z.ZodType<boolean> = z.preprocess(
  (value) => (typeof value === "string" ? (words[value.trim().toLowerCase()] ?? value) : value),
  z.boolean("must be true or false"),
);

/** A comma-separated list, or an array. */
export const list: z.ZodType<readonly string[]> = z.preprocess(
  (value) =>
    typeof value === "string"
      ? value
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== "")
      : value,
  z.array(text),
);
