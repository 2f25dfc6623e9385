import type { Fact } from "./fact.ts";

/** Facts about restriction. */
export const restrictionFacts: readonly Fact[] = [];
