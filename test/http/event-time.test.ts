import { expect, test } from "vitest";
import { eventTime } from "#http/routes/send/event-time.ts";

test.each<[given: string, timeZone: string | undefined, utc: string]>([
  ["2026-12-24T18:00:00Z", undefined, "2026-12-24T18:00:00.000Z"],
  ["2026-12-24T18:00:00.250Z", "UTC-3", "2026-12-24T18:00:00.250Z"],
  ["2026-12-24T18:00:00+0200", "UTC-3", "2026-12-24T16:00:00.000Z"],
  ["2026-12-24T18:00", "UTC-3", "2026-12-24T21:00:00.000Z"],
  ["2026-12-24 18:00:00", "UTC+05:30", "2026-12-24T12:30:00.000Z"],
  ["2026-12-24T18:00", "GMT+2", "2026-12-24T16:00:00.000Z"],
  ["2026-12-24T18:00", "-03:00", "2026-12-24T21:00:00.000Z"],
  ["2026-12-24", "UTC", "2026-12-24T00:00:00.000Z"],
  ["2026-12-24", undefined, "2026-12-24T00:00:00.000Z"],
  ["2026-12-24T18:00", "America/Sao_Paulo", "2026-12-24T21:00:00.000Z"],
  // Winter and summer, and both sides of the night in which the clocks of Berlin go forward.
  ["2026-01-15T12:00", "Europe/Berlin", "2026-01-15T11:00:00.000Z"],
  ["2026-07-15T12:00", "Europe/Berlin", "2026-07-15T10:00:00.000Z"],
  ["2026-03-29T01:30", "Europe/Berlin", "2026-03-29T00:30:00.000Z"],
  ["2026-03-29T03:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
])("%s in %s", (given, timeZone, utc) => {
  expect(new Date(eventTime(given, { timeZone, field: "event.dateTime" })).toISOString()).toBe(utc);
});

test.each<[given: string, timeZone: string | undefined, field: string]>([
  ["", undefined, "event.dateTime"],
  ["tomorrow", undefined, "event.dateTime"],
  ["24/12/2026", undefined, "event.dateTime"],
  ["1798135200000", undefined, "event.dateTime"],
  ["2026-13-01T10:00", undefined, "event.dateTime"],
  ["2026-02-30T10:00:00Z", undefined, "event.dateTime"],
  ["2026-02-30", undefined, "event.dateTime"],
  ["2026-12-24T25:00", undefined, "event.dateTime"],
  ["2026-12-24T18:00+99:00", undefined, "event.dateTime"],
  ["2026-12-24T18:00", "Mars/Base", "event.timeZone"],
  ["2026-12-24T18:00", "UTC+99", "event.timeZone"],
])("refuses %j in %s", (given, timeZone, field) => {
  expect(() => eventTime(given, { timeZone, field: "event.dateTime" })).toThrow(
    expect.objectContaining({ code: "invalid_request", details: { field } }),
  );
});
