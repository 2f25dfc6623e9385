import type { Fact } from "./fact.ts";

/** Facts about addressing. */
export const addressingFacts: readonly Fact[] = [];
