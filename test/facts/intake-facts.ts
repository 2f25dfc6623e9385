import type { Fact } from "./fact.ts";

/** Facts about intake. */
export const intakeFacts: readonly Fact[] = [];
