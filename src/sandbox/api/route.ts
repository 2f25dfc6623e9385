import type { z } from "zod";
import type { SandboxControl } from "../control.ts";
import type { InboxMedia } from "./inbox-media.ts";

/** What routes work with. */
export interface RouteDeps {
  readonly control: SandboxControl;
  readonly media: InboxMedia;
}

/** One request, parsed. */
export interface RouteInput<B> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: B;
}

/** A control route once its body type is forgotten. A result that is a `Response` is answered as it is. */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Relative to the mount point. */
  readonly path: `/${string}`;
  readonly summary: string;
  /** Absent: the route takes no body. */
  readonly body?: z.ZodType;
  readonly run: (deps: RouteDeps, input: RouteInput<unknown>, signal: AbortSignal) => unknown;
}

/** Declares a route whose body is parsed by a schema before `run` sees it. */
export function bodyRoute<S extends z.ZodType>(
  spec: Omit<Route, "body" | "run"> & {
    readonly body: S;
    readonly run: (deps: RouteDeps, input: RouteInput<z.output<S>>, signal: AbortSignal) => unknown;
  },
): Route {
  // The mount parses with this route's own schema before it calls run, which makes the cast true.
  return { ...spec, run: (deps, input, signal) => spec.run(deps, input as RouteInput<z.output<S>>, signal) };
}
