import type { ConnectionView } from "../connection.ts";
import { ago } from "../times.ts";
import type { Check, Patient } from "./check.ts";
import { fine, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";

type Version = NonNullable<ConnectionView["version"]>;

/** A server that runs looks twice a day; WhatsApp refuses versions that are some months old. */
const oldMs = 30 * 86_400_000;

/** Which version of WhatsApp Web is presented, where it comes from, and whether its end was announced. */
export const webVersion: Check = {
  title: "version of WhatsApp Web",
  look: async (patient) => {
    const seen = await patient.instances();
    const versions = seen.kind === "seen" ? seen.instances.flatMap(({ connection }) => connection.version ?? []) : [];
    const [first] = versions;
    const now = patient.cli.io.clock.now();
    if (first === undefined) return [finding(await ownVersion(patient), { now, isRunning: false })];
    const ends = versions.flatMap(({ expiresAt }) => expiresAt ?? []);
    return [
      finding(first, { now, isRunning: true }),
      ...(ends.length === 0 ? [] : [ending(first, Math.min(...ends), now)]),
    ];
  },
};

/** What a server on this data directory would present. */
async function ownVersion({ cli, settings }: Patient): Promise<Version> {
  const { keptVersion } = await import("#own-version.ts");
  const { version, ...rest } = await keptVersion(settings.config, cli.io.clock);
  return { number: version.join("."), ...rest };
}

function finding(
  { number, source, fetchedAt = 0 }: Version,
  { now, isRunning }: { readonly now: number; readonly isRunning: boolean },
): Finding {
  const help = "see that this machine can reach https://web.whatsapp.com/sw.js, or set WAZAPI_WHATSAPP_VERSION";
  if (source === "pinned") return fine(`${number}, pinned by WAZAPI_WHATSAPP_VERSION`);
  if (source === "built-in") {
    const found = `${number}, built in; no newer one was fetched`;
    return isRunning ? warning(found, help) : fine(found);
  }
  const found = `${number}, fetched ${ago(fetchedAt, now)}`;
  return now - fetchedAt > oldMs ? warning(found, help) : fine(found);
}

function ending({ number }: Version, at: number, now: number): Finding {
  const day = new Date(at).toISOString().slice(0, 10);
  const found = at <= now ? `WhatsApp takes ${number} no more since ${day}` : `WhatsApp takes ${number} until ${day}`;
  return warning(found, "a newer one is fetched by itself; without one, upgrade wazapi or set WAZAPI_WHATSAPP_VERSION");
}
