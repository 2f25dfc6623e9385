/** The two names WhatsApp has for a person: the phone number, or the hidden id. */
export type Form = "pn" | "lid";

/** A form that was in use at a time (epoch milliseconds). */
export interface SeenForm {
  readonly form: Form;
  readonly at: number;
}

/** What is known of how a chat with one person is addressed. */
export interface FormEvidence {
  /** Of the last message that WhatsApp took. */
  readonly sent?: SeenForm | undefined;
  /** Of the last message that came. */
  readonly received?: SeenForm | undefined;
  /** Whether the account's chats were migrated to LIDs, since it is known. */
  readonly account?: { readonly migrated: boolean; readonly at: number } | undefined;
}

/**
 * How to write to somebody: as the chat's last message was taken, else as its last one came, else as the account keeps
 * its chats, else by number. What was so before the account is known to keep them by one name says nothing any more.
 */
export function chooseForm({ sent, received, account }: FormEvidence): Form {
  const since = account?.at ?? 0;
  const seen = [sent, received].find((one) => one !== undefined && one.at >= since);
  if (seen !== undefined) return seen.form;
  return account?.migrated === true ? "lid" : "pn";
}

/** The other one. */
export function otherForm(form: Form): Form {
  return form === "pn" ? "lid" : "pn";
}
