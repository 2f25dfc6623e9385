import { once } from "node:events";
import { isIP } from "node:net";
import { connect } from "node:tls";

import { startSandbox } from "#config/groups/whatsapp.ts";
import { isWazapiError } from "#domain/errors.ts";

import type { Check } from "./check.ts";
import { failing, fine, systemCode, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";

const reachMs = 6_000;

/** Where WhatsApp Web listens. */
const webWhatsApp = { host: "web.whatsapp.com", port: 443 };

/** Whether WhatsApp, or what plays it, can be reached. */
export const whatsapp: Check = {
  title: "WhatsApp",
  look: async (patient, signal) => {
    const { sandbox } = patient.settings.config;
    const seen = await patient.server();
    // `--sandbox` of the command that started the server is not in our settings.
    const theirs = seen.kind === "running" ? seen.readiness.checks["sandbox"] : undefined;
    if (theirs?.status === "healthy") return [fine("the server talks to a sandbox, which answers")];
    if (theirs !== undefined) return [failing("the sandbox of the server does not answer", sandboxHelp)];
    if (sandbox.url === undefined) return [await reach(webWhatsApp, signal)];
    if (sandbox.url === startSandbox) return [fine("a sandbox is started with the server")];
    return [await reachSandbox(sandbox.url, signal)];
  },
};

const sandboxHelp = "start it with `wazapi sandbox serve`, or let `--sandbox` without a URL do it";

async function reachSandbox(url: string, signal: AbortSignal): Promise<Finding> {
  const { createSandboxClient } = await import("#sandbox/client.ts");
  try {
    await createSandboxClient({ url }).config(AbortSignal.any([signal, AbortSignal.timeout(reachMs)]));
    return fine(`the sandbox at ${url} answers`);
  } catch {
    return failing(`no sandbox answers at ${url}`, sandboxHelp);
  }
}

const lookUpFailed = ["its name cannot be looked up", "see that this machine has a network and a name server"] as const;
const noWay = ["there is no way to it", "let this machine out to port 443, past its firewall"] as const;
const tlsProblems: Readonly<Record<string, readonly [found: string, help: string]>> = {
  ENOTFOUND: lookUpFailed,
  EAI_AGAIN: lookUpFailed,
  ECONNREFUSED: noWay,
  ECONNRESET: noWay,
  ETIMEDOUT: noWay,
  EHOSTUNREACH: noWay,
  ENETUNREACH: noWay,
  CERT_NOT_YET_VALID: ["its certificate is not valid yet", "set the clock of this machine"],
  CERT_HAS_EXPIRED: ["its certificate has expired", "set the clock of this machine"],
};
const otherCertificate = [
  "something else answers in its place",
  "keep proxies that open TLS away from this connection",
] as const;

/** Connects with TLS and hangs up. */
export async function reach(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Finding> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(reachMs)]);
  const socket = connect({ host, port, ...(isIP(host) === 0 && { servername: host }) });
  try {
    await once(socket, "secureConnect", { signal: limit });
    return fine(`${host}:${port} answers`);
  } catch (error) {
    const code = limit.aborted ? "ETIMEDOUT" : codeOf(error);
    const [found, help] = tlsProblems[code] ?? otherCertificate;
    return failing(`${host}:${port} cannot be reached: ${found} (${code})`, help);
  } finally {
    socket.on("error", () => {});
    socket.destroy();
  }
}

/** With several addresses there is an error for each, and they mostly say the same. */
function codeOf(error: unknown): string {
  const own = systemCode(error);
  if (own !== "" || !(error instanceof AggregateError)) return own;
  return systemCode(error.errors[0]);
}

/** Whether the bucket is there and lets us in. */
export const bucket: Check = {
  title: "bucket",
  look: async ({ cli, settings: { config } }, signal) => {
    const [{ s3OptionsOf }, { openS3Storage }] = await Promise.all([
      import("#media-room.ts"),
      import("#media/storage/s3-storage.ts"),
    ]);
    const options = s3OptionsOf(config);
    if (options === undefined) return [];
    await using storage = await openS3Storage({ clock: cli.io.clock }, options);
    try {
      await storage.check(AbortSignal.any([signal, AbortSignal.timeout(reachMs)]));
      return [fine(`the bucket ${options.bucket} is there and lets us in`)];
    } catch (error) {
      return [bucketFinding(options.bucket, error)];
    }
  },
};

/** An answer to HEAD has no body: the status is all there is. */
function bucketFinding(name: string, error: unknown): Finding {
  const keys = "see S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and the policy of the bucket";
  if (!isWazapiError(error)) {
    return failing(`the bucket ${name} does not answer in time`, "see S3_ENDPOINT and that this machine may go there");
  }
  if (error.code === "not_found") return failing(`there is no bucket ${name}`, "make it, or see S3_BUCKET_NAME");
  const { status } = error.details;
  if (status === 403 || status === 401) return failing(`the bucket ${name} does not let us in`, keys);
  if (status === 301) return failing(`the bucket ${name} is in another region`, "see S3_REGION");
  if (status === 503) return warning(error.message, "look again in a moment");
  return failing(error.message, "see S3_ENDPOINT, S3_REGION and that this machine may go there");
}
