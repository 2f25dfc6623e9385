import { WazapiError } from "#domain/errors.ts";

/**
 * The moment an appointment's time names, epoch milliseconds. A time with an offset (or `Z`) is complete; one without is
 * meant in `timeZone` (`UTC-3`, `-03:00`, or a name like `America/Sao_Paulo`), UTC when that is absent. Throws
 * `invalid_request` with the field.
 */
export function eventTime(
  given: string,
  input: { readonly timeZone?: string | undefined; readonly field: string },
): number {
  const { timeZone, field } = input;
  const text = given.trim();
  const local = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?$/.exec(text);
  if (local === null) {
    const at = Date.parse(text);
    // Date.parse takes more than ISO 8601, and guesses.
    if (Number.isNaN(at) || !/^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/i.test(text)) throw refusal(field, isoHint);
    return at;
  }
  const asUtc = Date.parse(`${local[1]}T${local[2] ?? "00:00"}Z`);
  if (Number.isNaN(asUtc)) throw refusal(field, isoHint);
  return asUtc - offsetMs(timeZone ?? "UTC", asUtc, field);
}

const isoHint = "expected an ISO 8601 time, e.g. 2026-12-24T18:00:00-03:00";

function refusal(field: string, says: string): WazapiError {
  return new WazapiError("invalid_request", { message: `${field}: ${says}`, details: { field } });
}

/** How far the clocks of a zone are ahead of UTC when they show this. */
function offsetMs(timeZone: string, shown: number, field: string): number {
  const fixed = /^(?:(?:UTC|GMT)\s*)?([+-])(\d{1,2})(?::?(\d\d))?$/i.exec(timeZone.trim());
  if (fixed !== null) return (fixed[1] === "-" ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * minuteMs;
  try {
    // The offset at the moment itself; near a change of the clocks the first guess may be on its other side.
    const guess = shown - zoneOffsetMs(timeZone, shown);
    return zoneOffsetMs(timeZone, guess);
  } catch (error) {
    if (error instanceof RangeError)
      throw refusal(field.replace(/\w+$/, "timeZone"), "expected `UTC-3`, or the name of a time zone");
    throw error;
  }
}

const minuteMs = 60_000;

function zoneOffsetMs(timeZone: string, at: number): number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  const offset = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name);
  if (offset === null) return 0;
  const ms = (Number(offset[2]) * 60 + Number(offset[3])) * minuteMs + Number(offset[4] ?? 0) * 1000;
  return offset[1] === "-" ? -ms : ms;
}
