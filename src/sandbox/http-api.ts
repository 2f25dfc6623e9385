import { H3, type H3Event } from "h3";
import { type Log, silentLog } from "#lib/log.ts";
import { deviceRoutes } from "./api/device-routes.ts";
import { createInboxMedia, type MediaSource } from "./api/inbox-media.ts";
import { linkingRoutes } from "./api/linking-routes.ts";
import { passkeyRoutes } from "./api/passkey-routes.ts";
import { reachRoutes } from "./api/reach-routes.ts";
import { contactRoutes, phoneRoutes } from "./api/people-routes.ts";
import { readBody } from "./api/read-body.ts";
import type { Route, RouteDeps } from "./api/route.ts";
import { groupRoutes, worldRoutes } from "./api/world-routes.ts";
import { standingRoutes } from "./api/standing-routes.ts";
import type { SandboxControl } from "./control.ts";
import { SandboxError } from "./sandbox-error.ts";

/** Every control route, in the order of the documentation. */
export const controlRoutes: readonly Route[] = [
  ...worldRoutes,
  ...linkingRoutes,
  ...phoneRoutes,
  ...passkeyRoutes,
  ...standingRoutes,
  ...reachRoutes,
  ...contactRoutes,
  ...deviceRoutes,
  ...groupRoutes,
];

/** What the routes can use beside the control. */
export interface ControlApiOptions {
  /** Lets the routes verify and serve received files. */
  readonly media?: MediaSource;
  /** Gets what nobody foresaw; answers of that kind say no more than "internal". */
  readonly log?: Log;
}

/**
 * The control routes over HTTP, with paths relative to where they are mounted. Failures answer `{error, code}`: the
 * codes of `SandboxError`, `method_not_allowed`, and `internal`. Who may call is the listener's business.
 */
export function createControlApi(control: SandboxControl, options: ControlApiOptions = {}): H3 {
  const deps: RouteDeps = { control, media: createInboxMedia(control, options.media) };
  const log = options.log ?? silentLog;
  const app = new H3({
    // Only what h3 itself finds wrong with a request comes here.
    onError: (error) => answer(error.status, { error: error.message || "the request is not valid", code: "invalid" }),
  });
  for (const path of new Set(controlRoutes.map((route) => route.path))) {
    const routes = controlRoutes.filter((route) => route.path === path);
    app.all(path, async (event) => {
      const route = routes.find(({ method }) => method === event.req.method);
      if (route !== undefined) return guarded(log, async () => call(deps, route, event));
      const allow = routes.map(({ method }) => method).join(", ");
      const error = `${event.req.method} is not possible here, only ${allow}`;
      return answer(405, { error, code: "method_not_allowed" }, { allow });
    });
  }
  app.get("/", () =>
    answer(200, { routes: controlRoutes.map(({ method, path, summary }) => ({ method, path, summary })) }),
  );
  app.all("/**", () => answer(404, { error: "there is no such route", code: "not_found" }));
  return app;
}

async function call(deps: RouteDeps, route: Route, event: H3Event): Promise<Response> {
  const params = Object.fromEntries(
    Object.entries(event.context.params ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
  );
  const body = route.body === undefined ? undefined : await readBody(event.req, route.body);
  const result = await route.run(deps, { params, query: event.url.searchParams, body }, event.req.signal);
  return result instanceof Response ? result : answer(200, result ?? {});
}

async function guarded(log: Log, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SandboxError) return answer(error.status, { error: error.message, code: error.code });
    if (error instanceof URIError) return answer(400, { error: "the path is not valid", code: "invalid" });
    log.error({ error }, "sandbox control route failed");
    return answer(500, { error: "the sandbox failed", code: "internal" });
  }
}

function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}
