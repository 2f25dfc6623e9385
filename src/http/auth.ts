import { WazapiError } from "#domain/errors.ts";
import type { Instance } from "#domain/instance.ts";

import { digest, isSecret } from "./digest.ts";
import type { InstanceCache } from "./instance-cache.ts";
import type { Scope } from "./operation.ts";
import type { RateLimit } from "./rate-limit.ts";

/** The secrets of the server. */
export interface AuthOptions {
  /** Expected in `Client-Token`. */
  readonly clientAuthToken: string;
  /** Expected as bearer token of partner routes, and by the operator's. Absent: these routes are closed. */
  readonly partnerAuthToken?: string;
}

/** What authorisation reads of a request. */
export interface Credentials {
  readonly header: (name: string) => string | undefined;
  /** Path parameters, still encoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Lets a request through or throws; answers the instance of instance scopes. */
export type Authorize = (scope: Scope, credentials: Credentials) => Promise<Instance | undefined>;

/**
 * Checks credentials by scope: `unauthorized` for wrong ones, `instance_not_found` for an unknown instance (only to
 * callers that have the server's own token), `rate_limited` for a token that calls too fast.
 */
export function createAuthorize(
  deps: { readonly instances: InstanceCache; readonly rateLimit: RateLimit | undefined },
  options: AuthOptions,
): Authorize {
  const client = digest(options.clientAuthToken);
  const partner = options.partnerAuthToken === undefined ? undefined : digest(options.partnerAuthToken);
  const instanceOf = async ({ params }: Credentials): Promise<Instance> => {
    const known = await deps.instances.get(params["instanceId"] ?? "");
    if (known === undefined) throw new WazapiError("instance_not_found");
    if (!isSecret(params["instanceToken"] ?? "", known.tokenDigest)) throw new WazapiError("unauthorized");
    limit(deps.rateLimit, known.instance.id);
    return known.instance;
  };
  return async (scope, credentials) => {
    switch (scope) {
      case "public":
        return undefined;
      case "instance":
        requireClientToken(credentials.header("client-token"), client);
        return instanceOf(credentials);
      case "partner-instance":
        requireBearer(credentials.header("authorization"), partner);
        return instanceOf(credentials);
      case "partner":
        requireBearer(credentials.header("authorization"), partner);
        limit(deps.rateLimit, "partner");
        return undefined;
      case "operator":
        requireOperator(credentials.header("authorization"), partner);
        return undefined;
    }
  };
}

function requireClientToken(token: string | undefined, expected: Buffer): void {
  // Z-API's words for a missing account token.
  if (token === undefined || token === "") throw new WazapiError("unauthorized", { message: "null not allowed" });
  if (!isSecret(token, expected)) throw new WazapiError("unauthorized");
}

function requireBearer(header: string | undefined, expected: Buffer | undefined): void {
  if (!isSecretIn(/^bearer +(.+)$/i.exec(header ?? "")?.[1], expected)) throw refused("Bearer");
}

/** Bearer, or basic with the token as password: what a browser and a Prometheus scraper can send. */
function requireOperator(header: string | undefined, expected: Buffer | undefined): void {
  const basic = /^basic +([\w+/=-]+)$/i.exec(header ?? "")?.[1];
  const password =
    basic === undefined
      ? undefined
      : Buffer.from(basic, "base64")
          .toString("utf8")
          .replace(/^[^:]*:/, "");
  const token = password ?? /^bearer +(.+)$/i.exec(header ?? "")?.[1];
  if (!isSecretIn(token, expected)) throw refused('Basic realm="wazapi", charset="UTF-8"');
}

function isSecretIn(token: string | undefined, expected: Buffer | undefined): boolean {
  return token !== undefined && expected !== undefined && isSecret(token.trim(), expected);
}

function refused(challenge: string): WazapiError {
  return new WazapiError("unauthorized", { details: { challenge } });
}

function limit(rateLimit: RateLimit | undefined, token: string): void {
  const waitSeconds = rateLimit?.take(token) ?? 0;
  if (waitSeconds > 0) throw new WazapiError("rate_limited", { details: { retryAfterSeconds: waitSeconds } });
}
