import type { Fact } from "./fact.ts";

/** Facts about passkey. */
export const passkeyFacts: readonly Fact[] = [];
