/** WhatsApp protocol: the collections of settings that phone and devices share. */
export const collections = [
  "critical_block",
  "critical_unblock_low",
  "regular_high",
  "regular_low",
  "regular",
] as const;

/** One of {@link collections}. */
export type Collection = (typeof collections)[number];
