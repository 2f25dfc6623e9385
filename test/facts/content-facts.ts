import type { Fact } from "./fact.ts";

/** Facts about content. */
export const contentFacts: readonly Fact[] = [];
