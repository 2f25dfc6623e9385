import type { Fact } from "./fact.ts";

/** Facts about group. */
export const groupFacts: readonly Fact[] = [];
