import type { Fact } from "./fact.ts";

/** Facts about other. */
export const otherFacts: readonly Fact[] = [];
