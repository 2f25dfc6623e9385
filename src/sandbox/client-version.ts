import type { Connection } from "./connection.ts";
import { refusal } from "./disconnect.ts";
import { usualRevision } from "./strictness.ts";
import type { World } from "./world.ts";

/** WhatsApp protocol: no part of a version before the last has moved since 2024. */
const oldest = [2, 3000] as const;

/** Turns away a client whose version is too old, as the server does: with a reason, or without a word. Answers whether it did. */
export function refuseOldVersion(world: World, connection: Connection): boolean {
  const { minVersion, oldVersion } = world.behaviour;
  const { primary, secondary, tertiary } = connection.link.payload.userAgent?.appVersion ?? {};
  const version = [primary ?? 0, secondary ?? 0, tertiary ?? 0];
  if (minVersion === 0 || !isBefore(version, [...oldest, minVersion])) return false;
  world.trace.refusal("version", `${version.join(".")} is older than ${[...oldest, minVersion].join(".")}`);
  connection.close(oldVersion === "failure" ? refusal(405) : undefined);
  return true;
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  for (const [at, part] of one.entries()) {
    const theirs = other[at] ?? 0;
    if (part !== theirs) return part < theirs;
  }
  return false;
}

/** Where the version of WhatsApp Web can be read, as on its own host. */
export const versionPath = "/sw.js";

/** A script as WhatsApp Web has it for its service worker; the version is the newest, so never one that is refused. */
export function versionScript(world: World): string {
  const revision = Math.max(usualRevision, world.behaviour.minVersion);
  return `self.__swData=JSON.parse("{\\"dynamic_data\\":{\\"client_revision\\":${revision},\\"locale\\":\\"en_US\\"}}");\n`;
}
