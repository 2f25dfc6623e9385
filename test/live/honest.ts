import { expect } from "vitest";

import { contents } from "#callbacks/contents.ts";

const contentKeys = Object.values(contents).flatMap(({ payload }) => Object.keys(payload.shape));

/** Fails for what no webhook may ever have, whatever it is about. Times are epoch milliseconds. */
export function expectHonest(
  body: Readonly<Record<string, unknown>>,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const notification = "notification" in body ? body["notification"] : "none";
  expect(notification, "`notification` is a name or is not there").toEqual(expect.stringMatching(/./));
  // The about text of a contact comes as `text` of its notification.
  const present = contentKeys.filter((key) => key in body);
  if (notification === "none") expect(present.length, `one content, not ${present.join(", ")}`).toBeLessThanOrEqual(1);
  expect(withDevice(body), "phones with the number of a device").toEqual([]);
  expect(outOfTime(body, { from, to }), "times that are not milliseconds").toEqual([]);
}

/** Values that name a device of somebody, or a JID of WhatsApp where digits belong. */
export function withDevice(value: unknown, path = ""): readonly string[] {
  if (typeof value === "string") {
    // Text that people write, and vCards, may hold anything.
    if (/(?:message|vCard|caption|name|description|url)$/i.test(path)) return [];
    return /^\d+(?:_\d+)?:\d+(?:@|$)|@s\.whatsapp\.net$/.test(value) ? [`${path}=${value}`] : [];
  }
  return inside(value, path, withDevice);
}

/** Moments (`momment`, `time`, `lastSeen`, `expiration`) outside the given range. */
export function outOfTime(
  value: unknown,
  range: { readonly from: number; readonly to: number },
  path = "",
): readonly string[] {
  if (typeof value === "number") {
    if (!/(?:^|\.)(?:momment|time|lastSeen|expiration)$/.test(path)) return [];
    return value >= range.from && value <= range.to ? [] : [`${path}=${value}`];
  }
  return inside(value, path, (inner, at) => outOfTime(inner, range, at));
}

function inside(
  value: unknown,
  path: string,
  look: (inner: unknown, path: string) => readonly string[],
): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => look(inner, path === "" ? key : `${path}.${key}`));
}
