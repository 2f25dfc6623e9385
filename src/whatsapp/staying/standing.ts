import type { Refusal } from "#domain/refusal.ts";
import type { SessionState } from "../session-state.ts";

/** Where a session stands, as fields of a log line. WhatsApp's words may name numbers: long ones are masked. */
export function standingOf({ state, reason, statusCode, refusal }: SessionState): Readonly<Record<string, unknown>> {
  return { state, reason, statusCode, ...(refusal === undefined ? {} : { refusal: loggable(refusal) }) };
}

function loggable({ header, subtext, ...rest }: Refusal): Readonly<Record<string, unknown>> {
  const until = rest.until === undefined ? {} : { until: new Date(rest.until).toISOString() };
  const said = [header, subtext].filter((words) => words !== undefined).join(": ");
  return { ...rest, ...until, ...(said === "" ? {} : { said: said.replaceAll(/\d{5,}/g, "#") }) };
}
