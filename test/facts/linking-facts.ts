import type { Fact } from "./fact.ts";

/** Facts about linking. */
export const linkingFacts: readonly Fact[] = [];
