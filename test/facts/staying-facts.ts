import type { Fact } from "./fact.ts";

/** Facts about staying. */
export const stayingFacts: readonly Fact[] = [];
