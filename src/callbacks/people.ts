import type { PersonRef } from "#domain/captured.ts";
import { userOf } from "#domain/jid.ts";

/** Digits of a person; the LID without suffix while the number is unknown. */
export function digitsOf(person: PersonRef): string {
  return person.phone ?? userOf(person.jid);
}

/** Digits of a person; `123@lid` while the number is unknown. */
export function personPhone(person: PersonRef): string {
  return person.phone ?? person.lid ?? person.jid;
}
