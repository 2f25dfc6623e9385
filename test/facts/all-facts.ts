import { addressingFacts } from "./addressing-facts.ts";
import { contentFacts } from "./content-facts.ts";
import type { Fact } from "./fact.ts";
import { groupFacts } from "./group-facts.ts";
import { intakeFacts } from "./intake-facts.ts";
import { linkingFacts } from "./linking-facts.ts";
import { otherFacts } from "./other-facts.ts";
import { passkeyFacts } from "./passkey-facts.ts";
import { restrictionFacts } from "./restriction-facts.ts";
import { stayingFacts } from "./staying-facts.ts";

/** Every fact, by chapter, in the order of `docs/whatsapp.md`. */
export const chapters: readonly { readonly title: string; readonly facts: readonly Fact[] }[] = [
  { title: "Linking", facts: linkingFacts },
  { title: "Passkey", facts: passkeyFacts },
  { title: "Taking in", facts: intakeFacts },
  { title: "Reading contents", facts: contentFacts },
  { title: "Number or LID", facts: addressingFacts },
  { title: "Restrictions on sending", facts: restrictionFacts },
  { title: "Groups", facts: groupFacts },
  { title: "Staying connected", facts: stayingFacts },
  { title: "Whatever else", facts: otherFacts },
];
