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
  const parts = isoTime.exec(given.trim());
  const [, day = "", clock = "00:00", zone] = parts ?? [];
  const asUtc = Date.parse(`${day}T${clock}Z`);
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(asUtc) || new Date(`${day}T00:00Z`).toISOString().slice(0, day.length) !== day) {
    throw refusal(field, isoHint);
  }
  const offset = zone === undefined ? offsetMs(timeZone ?? "UTC", asUtc) : fixedOffsetMs(zone);
  if (offset === undefined) {
    if (zone !== undefined) throw refusal(field, isoHint);
    throw refusal(field.replace(/\w+$/, "timeZone"), "expected `UTC-3`, or the name of a time zone");
  }
  return asUtc - offset;
}

const isoTime = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/i;
const isoHint = "expected an ISO 8601 time, e.g. 2026-12-24T18:00:00-03:00";

function refusal(field: string, says: string): WazapiError {
  return new WazapiError("invalid_request", { message: `${field}: ${says}`, details: { field } });
}

/** How far the clocks of a zone are ahead of UTC when they show this; undefined when there is no such zone. */
function offsetMs(timeZone: string, shown: number): number | undefined {
  const fixed = fixedOffsetMs(timeZone.trim());
  if (fixed !== undefined) return fixed;
  try {
    // The offset at the moment itself; near a change of the clocks the first guess may be on its other side.
    const guess = shown - zoneOffsetMs(timeZone, shown);
    return zoneOffsetMs(timeZone, guess);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const minuteMs = 60_000;
/** No place on earth is further from UTC. */
const maxOffsetMinutes = 14 * 60;

/** Milliseconds of `Z`, `UTC-3`, `GMT+05:30`, `-0300`…; undefined for anything else. */
function fixedOffsetMs(zone: string): number | undefined {
  if (/^Z$/i.test(zone)) return 0;
  const parts = /^(?:(?:UTC|GMT)\s*)?([+-])(\d{1,2})(?::?(\d\d))?$/i.exec(zone);
  if (parts === null) return undefined;
  const minutes = Number(parts[2]) * 60 + Number(parts[3] ?? 0);
  return minutes > maxOffsetMinutes ? undefined : (parts[1] === "-" ? -minutes : minutes) * minuteMs;
}

function zoneOffsetMs(timeZone: string, at: number): number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  const offset = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name);
  if (offset === null) return 0;
  const ms = (Number(offset[2]) * 60 + Number(offset[3])) * minuteMs + Number(offset[4] ?? 0) * 1000;
  return offset[1] === "-" ? -ms : ms;
}
