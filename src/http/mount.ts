import { randomUUID } from "node:crypto";
import { IncomingMessage } from "node:http";
import type { ServerResponse } from "node:http";

import { H3, HTTPResponse, toNodeHandler } from "h3";
import type { H3Event } from "h3";

import { isWazapiError, WazapiError } from "#domain/errors.ts";
import type { Instance } from "#domain/instance.ts";

import { createAuthorize } from "./auth.ts";
import type { AuthOptions, Authorize } from "./auth.ts";
import { liftBodyTime } from "./body-time.ts";
import type { HttpDeps } from "./deps.ts";
import { errorAnswer } from "./error-response.ts";
import { createInstanceCache } from "./instance-cache.ts";
import type { InstanceCache } from "./instance-cache.ts";
import { RawAnswer } from "./operation.ts";
import type { InstanceContext, Operation, Scope } from "./operation.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { RateLimitOptions } from "./rate-limit.ts";
import { readJsonBody } from "./read-body.ts";

/** How the HTTP surface behaves. */
export interface HttpOptions extends AuthOptions {
  /** Largest accepted request body. */
  readonly maxBodyBytes: number;
  /** Absent: no limit. */
  readonly rateLimit?: RateLimitOptions;
  /** Checks answers against their schemas and fails the request when one does not match; for tests. */
  readonly validateResponses?: boolean;
  /** Parts of the server that answer by themselves, e.g. the console. */
  readonly mounts?: readonly HttpMount[];
}

/** A part of the server under a path prefix that answers by itself. It sets its own security headers. */
export interface HttpMount {
  readonly prefix: `/${string}`;
  readonly scope: Extract<Scope, "partner" | "operator" | "public">;
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

/** The HTTP surface, ready to be listened with. */
export interface HttpApp {
  readonly fetch: (request: Request) => Promise<Response>;
  /** The same for Node's own server. */
  readonly nodeListener: (request: IncomingMessage, response: ServerResponse) => void;
  /** Call when something other than a route has changed an instance. */
  readonly forgetInstance: (instanceId: string) => void;
}

/** What every mounted operation shares. */
interface Mounted {
  readonly deps: HttpDeps;
  readonly options: HttpOptions;
  readonly authorize: Authorize;
}

const securityHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** How long a change of an instance by another process may stay unseen. */
const instanceCacheMs = 1000;
const maxCachedInstances = 10_000;

/** Registers every operation. The only code that knows h3: bodies, authorisation, errors, headers and the access log. */
export function createHttp(given: HttpDeps, operations: readonly Operation[], options: HttpOptions): HttpApp {
  const instances = createInstanceCache(
    { instances: given.store.instances, clock: given.clock },
    { maxAgeMs: instanceCacheMs, maxInstances: maxCachedInstances },
  );
  const rateLimit = options.rateLimit === undefined ? undefined : createRateLimit(given.clock, options.rateLimit);
  const deps = forgettingInstances(given, instances);
  const mounted: Mounted = { deps, options, authorize: createAuthorize({ instances, rateLimit }, options) };
  const app = new H3({
    silent: true,
    onError: (error) => answerError(error.status === 400 ? new WazapiError("invalid_request") : error, randomUUID()),
  });
  for (const operation of operations) {
    app.on(operation.method, routeOf(operation.path), (event) => answer(mounted, operation, event));
  }
  for (const [path, those] of byPath(operations)) {
    app.all(routeOf(path), (event) => answerOtherVerb(mounted, those, event));
  }
  for (const mount of options.mounts ?? []) {
    const pass = (event: H3Event) => answerMount(mounted, mount, event);
    app.all(mount.prefix, pass);
    app.all(`${mount.prefix}/**`, pass);
  }
  app.all("/**", (event) => refuse(mounted, event, new WazapiError("not_found")));
  const nodeListener = toNodeHandler(app);
  return {
    fetch: async (request) => app.fetch(request),
    nodeListener: (request, response) => void nodeListener(request, response),
    forgetInstance: instances.forget,
  };
}

async function answer(mounted: Mounted, operation: Operation, event: H3Event): Promise<HTTPResponse> {
  const { deps, options } = mounted;
  const startedMs = deps.clock.monotonicMs();
  const requestId = requestIdOf(event);
  let instance: Instance | undefined;
  let response: HTTPResponse;
  let failure: { readonly code: string; readonly requestId: string } | undefined;
  try {
    refuseWhenClosed(deps, operation);
    const header = (name: string) => event.req.headers.get(name) ?? undefined;
    const params = event.context.params ?? {};
    instance = await mounted.authorize(operation.scope, { header, params });
    const incoming = event.runtime?.node?.req;
    if (operation.takes !== undefined && incoming instanceof IncomingMessage) liftBodyTime(incoming);
    const headers: Record<string, string> = { ...securityHeaders, "x-request-id": requestId };
    const context: Omit<InstanceContext, "instance"> & { readonly instance: Instance | undefined } = {
      deps,
      instance,
      requestId,
      get signal() {
        return event.req.signal;
      },
      request: event.req,
      header,
      setHeader: (name, value) => void (headers[name] = value),
    };
    const value = await operation.handle(context, {
      params: operation.params === undefined ? undefined : decoded(params),
      query: operation.query === undefined ? undefined : Object.fromEntries(event.url.searchParams),
      body:
        operation.body === undefined
          ? undefined
          : await readJsonBody(
              event.req,
              Math.min(operation.maxBodyBytes ?? options.maxBodyBytes, options.maxBodyBytes),
            ),
    });
    if (options.validateResponses === true) checkAnswer(operation, value);
    response = success(operation, value, headers);
  } catch (thrown) {
    const error = ofCaller(thrown, event.req.signal);
    if (!isWazapiError(error)) deps.log.error({ operation: operation.id, requestId, error }, "request failed");
    failure = { code: isWazapiError(error) ? error.code : "internal", requestId };
    response = answerError(error, requestId);
  }
  const durationMs = deps.clock.monotonicMs() - startedMs;
  const status = response.status ?? 200;
  deps.metrics.requestAnswered?.({ operation: operation.id, method: operation.method, status, durationMs });
  const line = { operation: operation.id, status, durationMs, instanceId: instance?.id, ...failure };
  // Probes, scrapers and clients that poll ask all the time.
  if ((operation.scope === "public" || operation.method === "GET") && status < 400) {
    deps.log.debug(line, "request answered");
  } else deps.log.info(line, "request answered");
  return response;
}

/** A request that ended because its caller went away is no failure of ours; nobody reads its answer. */
function ofCaller(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error !== signal.reason) return error;
  return new WazapiError("invalid_request", { message: "the caller hung up", cause: error });
}

/** Verbs a path does not list: HEAD where there is GET, OPTIONS, and 405 for the rest. */
async function answerOtherVerb(
  mounted: Mounted,
  operations: readonly Operation[],
  event: H3Event,
): Promise<HTTPResponse> {
  const { method } = event.req;
  const get = operations.find((operation) => operation.method === "GET");
  if (method === "HEAD" && get !== undefined) return answer(mounted, get, event);
  const allow = [...operations.map((operation) => operation.method), ...(get === undefined ? [] : ["HEAD"]), "OPTIONS"];
  if (method === "OPTIONS") {
    return new HTTPResponse(null, { status: 204, headers: { ...securityHeaders, allow: allow.join(", ") } });
  }
  return refuse(mounted, event, new WazapiError("method_not_allowed", { details: { allow: allow.join(", ") } }));
}

/** Answers what reached no operation. Its path is what the caller made up, so the log has only the id of the request. */
function refuse({ deps }: Mounted, event: H3Event, error: WazapiError): HTTPResponse {
  const requestId = requestIdOf(event);
  deps.log.info({ code: error.code, requestId }, "request refused");
  return answerError(error, requestId);
}

async function answerMount(mounted: Mounted, mount: HttpMount, event: H3Event): Promise<HTTPResponse | Response> {
  try {
    const header = (name: string) => event.req.headers.get(name) ?? undefined;
    await mounted.authorize(mount.scope, { header, params: {} });
    return await mount.fetch(event.req);
  } catch (thrown) {
    const error = ofCaller(thrown, event.req.signal);
    const requestId = requestIdOf(event);
    if (!isWazapiError(error)) mounted.deps.log.error({ mount: mount.prefix, requestId, error }, "request failed");
    return answerError(error, requestId);
  }
}

function success(operation: Operation, value: unknown, headers: Record<string, string>): HTTPResponse {
  if (value instanceof RawAnswer) {
    Object.assign(headers, value.headers, { "content-type": value.contentType });
    return new HTTPResponse(value.body, { status: value.status, headers });
  }
  if (operation.status === 204 || value === undefined) return new HTTPResponse(null, { status: 204, headers });
  headers["content-type"] = "application/json; charset=utf-8";
  return new HTTPResponse(JSON.stringify(value), { status: operation.status ?? 200, headers });
}

function answerError(thrown: unknown, requestId: string): HTTPResponse {
  const { status, body, headers } = errorAnswer(thrown);
  return new HTTPResponse(JSON.stringify(body), {
    status,
    headers: {
      ...securityHeaders,
      ...headers,
      "content-type": "application/json; charset=utf-8",
      "x-request-id": requestId,
    },
  });
}

function refuseWhenClosed({ availability }: HttpDeps, operation: Operation): void {
  if (operation.scope === "public") return;
  const now = availability();
  if (now === "standby") throw new WazapiError("standby");
  if (now === "draining" && operation.sends === true) {
    throw new WazapiError("shutting_down", { details: { retryAfterSeconds: 5 } });
  }
}

function checkAnswer(operation: Operation, value: unknown): void {
  if (value instanceof RawAnswer) {
    if (operation.answers === undefined) throw new Error(`${operation.id} declares no raw answer`);
    return;
  }
  const checked = operation.response?.safeParse(value);
  if (checked?.success === false)
    throw new Error(`${operation.id} answers otherwise than it says`, { cause: checked.error });
}

/** The routes' view of the store: whoever changes an instance through it also drops it from the cache. */
function forgettingInstances(deps: HttpDeps, cache: InstanceCache): HttpDeps {
  const { instances } = deps.store;
  const forgetting = async <T>(instanceId: string, change: Promise<T>): Promise<T> => {
    try {
      return await change;
    } finally {
      cache.forget(instanceId);
    }
  };
  const watched: HttpDeps["store"]["instances"] = {
    create: (input) => instances.create(input),
    get: (input) => instances.get(input),
    byName: (input) => instances.byName(input),
    list: (input) => instances.list(input),
    delete: (input) => forgetting(input.instanceId, instances.delete(input)),
    update: (input) => forgetting(input.instanceId, instances.update(input)),
    setHooks: (input) => forgetting(input.instanceId, instances.setHooks(input)),
    recordConnection: (input) => instances.recordConnection(input),
    touchConnection: (input) => instances.touchConnection(input),
    connectionHistory: (input) => instances.connectionHistory(input),
  };
  return { ...deps, store: { ...deps.store, instances: watched } };
}

function byPath(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  return Map.groupBy(operations, (operation) => operation.path);
}

function routeOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

function decoded(params: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]));
}

/** The caller's request id when it is harmless, else a new one. */
function requestIdOf(event: H3Event): string {
  const given = event.req.headers.get("x-request-id");
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
