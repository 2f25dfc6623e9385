import type { SeenUnknown } from "#domain/unknown-wire.ts";

import { ago } from "../times.ts";
import type { Check } from "./check.ts";
import { fine, warning } from "./finding.ts";
import type { SeenServer } from "./running.ts";

/** Different things that are named; the rest is counted. */
const maxNamed = 8;

/** Whether WhatsApp sent things that this version does not know. */
export const unknownWire: Check = {
  title: "protocol",
  look: async (patient, signal) => {
    const seen = await seenUnknown(await patient.server(), signal);
    if (seen === undefined) return [];
    if (seen.length === 0) return [fine("WhatsApp has sent nothing that this version does not know")];
    const now = patient.cli.io.clock.now();
    const named = seen.slice(0, maxNamed).map(({ kind, name, count, lastAt }) => {
      return `${kind} ${name} (${count}×, last ${ago(lastAt, now)})`;
    });
    const more = seen.length > maxNamed ? `, and ${seen.length - maxNamed} more` : "";
    return [
      warning(
        `WhatsApp sent things this version does not know: ${named.join(", ")}${more}`,
        "look for a newer version; if there is none, report it with the file that `wazapi doctor --bundle FILE` writes",
      ),
    ];
  },
};

/** What the running server has seen; undefined without one that tells. */
export async function seenUnknown(
  server: SeenServer,
  signal: AbortSignal,
): Promise<readonly SeenUnknown[] | undefined> {
  if (server.kind !== "running" || server.readiness.role === "standby") return undefined;
  const answer = await server.api
    .server<{ readonly seen: readonly SeenUnknown[] }>({ path: "/unknown-wire", signal })
    // An older server has no such route.
    .catch(() => undefined);
  return answer?.seen;
}
