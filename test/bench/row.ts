import type { Measured } from "./measure.ts";

/** How figures of a row read, and which way is better. */
export type Unit = "per second" | "ms" | "MB" | "messages";

/** One measurement and the yardstick it is held against in the same run. */
export interface Row {
  readonly what: string;
  readonly against: string;
  readonly unit: Unit;
  readonly run: (input: { readonly rounds: number }) => Promise<Measured>;
}
