import { isLoopbackHost } from "#http/listen.ts";
import { silentLog } from "#lib/log.ts";

import type { Check, Patient } from "./check.ts";
import { fine, warning } from "./finding.ts";
import type { SeenInstances, SeenServer } from "./running.ts";

interface MediaStats {
  readonly converter: "native" | "wasm" | "none";
  readonly public_base_url: string;
}

type Observed = Pick<Patient, "settings" | "server" | "instances">;

const statsMs = 4_000;

/** What converts sounds and films, and what is missing without it. */
export const converter: Check = {
  title: "sounds and films",
  look: async (patient) => {
    const { config } = patient.settings;
    const [{ ffmpegChoiceOf }, { openFormats }] = await Promise.all([
      import("#media-room.ts"),
      import("#media/formats/open-formats.ts"),
    ]);
    const choice = ffmpegChoiceOf(config);
    const { ffmpeg } = (await openFormats({ log: silentLog }, choice)).capabilities();
    const here = ffmpeg?.kind ?? "none";
    const theirs = (await statsOf(await patient.server()))?.converter;
    const found = theirs ?? here;
    const findings = [];
    if (found === "native") {
      const version = here === "native" && ffmpeg?.version !== undefined ? ` ${ffmpeg.version}` : "";
      findings.push(fine(`ffmpeg${version} of this machine converts them`));
    } else if (found === "wasm") {
      findings.push(
        fine("the built-in ffmpeg converts them", { help: "an ffmpeg of the machine is several times as fast" }),
      );
    } else {
      findings.push(
        warning(
          "nothing converts them: sounds leave as files of sound and not as voice notes, voice notes have no waveform, films have no picture and only MP4 plays everywhere, and GIFs are refused",
          choice === "never" ? "take WAZAPI_FFMPEG=none away" : "install ffmpeg with libopus and libx264",
        ),
      );
    }
    if (typeof choice === "object" && here !== "native") {
      findings.push(
        warning(`${choice.path} is no ffmpeg with libopus and libx264`, "correct WAZAPI_FFMPEG, or take it away"),
      );
    }
    if (theirs !== undefined && theirs !== here) {
      findings.push(
        warning(`the server works with ${words[theirs]}, here there is ${words[here]}`, "start the server again"),
      );
    }
    return findings;
  },
};

const words = {
  native: "an ffmpeg of the machine",
  wasm: "the built-in ffmpeg",
  none: "no ffmpeg",
} as const satisfies Record<MediaStats["converter"], string>;

/** Whether those who get webhooks can fetch the files they tell of. */
export const mediaLinks = {
  title: "media links",
  look: async (patient: Observed) => {
    const { base, setting } = await linksOf(patient);
    if (base === undefined) return [fine("they lead to the bucket")];
    const { hostname, origin } = new URL(base);
    const host = hostname.replace(/^\[|\]$/g, "");
    const help = `set ${setting} to the address under which receivers reach ${setting === "PUBLIC_URL" ? "this server" : "the bucket"}`;
    if (host === "0.0.0.0" || host === "::")
      return [warning(`they begin with ${origin}, which is nobody's address`, help)];
    if (!isLoopbackHost(host)) return [fine(`they begin with ${origin}`)];
    const far = farHosts(await patient.instances());
    const [first] = far;
    if (first === undefined) return [fine(`they begin with ${origin}: only programs of this machine can fetch them`)];
    const others = far.length === 1 ? "" : ` and ${far.length - 1} more`;
    return [warning(`they begin with ${origin}, which the receiver on ${first}${others} cannot reach`, help)];
  },
} as const satisfies Check;

/** How links begin, and the setting that says so. */
async function linksOf(patient: Observed): Promise<{ readonly base?: string; readonly setting: string }> {
  const { config } = patient.settings;
  const { s3OptionsOf } = await import("#media-room.ts");
  const bucket = s3OptionsOf(config);
  if (bucket !== undefined) {
    const { endpoint: base } = bucket;
    return { ...(base !== undefined && { base }), setting: "S3_ENDPOINT" };
  }
  const { media, http } = config;
  const { host, port } = http.addr;
  const said = (await statsOf(await patient.server()))?.public_base_url;
  const own = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { base: said ?? media.publicUrl ?? own, setting: "PUBLIC_URL" };
}

/** Hosts of webhooks that are not this machine. */
function farHosts(seen: SeenInstances): readonly string[] {
  if (seen.kind !== "seen") return [];
  const urls = seen.instances
    .flatMap(({ webhooks: { hooks, further } }) => [...Object.values(hooks), ...further.map(({ url }) => url)])
    .filter((url) => URL.canParse(url));
  const hosts = urls.map((url) => new URL(url).hostname);
  return [...new Set(hosts)].filter((host) => !isLoopbackHost(host.replace(/^\[|\]$/g, "")));
}

/** Undefined when no server that leads runs, or it does not tell us. */
async function statsOf(seen: SeenServer): Promise<MediaStats | undefined> {
  if (seen.kind !== "running" || seen.readiness.role === "standby") return undefined;
  try {
    return await seen.api.server<MediaStats>({ path: "/media/stats", timeoutMs: statsMs });
  } catch {
    // Another check says why the server does not let us in.
    return undefined;
  }
}
