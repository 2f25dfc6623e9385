import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import type { ErrorCode } from "#domain/errors.ts";
import type { Instance } from "#domain/instance.ts";

import type { HttpDeps } from "./deps.ts";

/** Verbs in use. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Who may call. `instance`: token in the path and `Client-Token`; `partner`: bearer token; `partner-instance`: bearer
 * token and the instance's token in the path; `operator`: bearer or basic; `public`: anybody.
 */
export type Scope = "instance" | "partner" | "partner-instance" | "operator" | "public";

/** What a route sees of its request besides the parsed input. */
export interface RequestContext {
  readonly deps: HttpDeps;
  /** Echoed as `X-Request-Id`. */
  readonly requestId: string;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly header: (name: string) => string | undefined;
  /** The whole request, for routes that answer with what another part of the server makes of it. */
  readonly request: Request;
  /** Adds a header to the answer. */
  readonly setHeader: (name: string, value: string) => void;
}

/** What a route of one instance sees. */
export interface InstanceContext extends RequestContext {
  /** At most a second old; its connection is what was last persisted. */
  readonly instance: Instance;
}

type ContextOf<S extends Scope> = S extends "instance" | "partner-instance" ? InstanceContext : RequestContext;
type Nothing = z.ZodObject<Record<string, never>>;

/** An answer that is not JSON, or not 200. */
export class RawAnswer {
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  readonly contentType: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    body: RawAnswer["body"],
    answer: { contentType: string; status?: number; headers?: Readonly<Record<string, string>> },
  ) {
    this.body = body;
    this.contentType = answer.contentType;
    this.status = answer.status ?? 200;
    this.headers = answer.headers ?? {};
  }
}

/** Parts of an operation that need no types of its input. */
interface OperationBase {
  /** Unique; the name in logs, metrics and OpenAPI. */
  readonly id: string;
  readonly method: Method;
  /** OpenAPI form: `/instances/{instanceId}/…`. */
  readonly path: `/${string}`;
  readonly summary: string;
  /** Heading it stands under in the docs. */
  readonly tag: string;
  /** Status of a success; 200 when absent. */
  readonly status?: 200 | 201 | 202 | 204;
  /** Accepts a message for sending: takes `Idempotency-Key`, and is refused while the server drains. */
  readonly sends?: boolean;
  /** Kept for callers of older spellings. */
  readonly deprecated?: boolean;
  /** Sends what only a phone can confirm, and not every phone shows. */
  readonly experimental?: boolean;
  /** Other accepted names of body fields: alias to canonical name. The canonical one wins. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Largest body, when less than the server takes otherwise. */
  readonly maxBodyBytes?: number;
  /**
   * Content type of a body that the route reads itself, from the request; such an operation has no `body`. It may take as
   * long as it takes, so the route has to end one that stalls.
   */
  readonly takes?: string;
  /** Content type when the answer is a `RawAnswer`; such an operation has no `response`. */
  readonly answers?: string;
}

/** One HTTP operation as it is written. */
export interface OperationSpec<
  S extends Scope,
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  R extends z.ZodType,
> extends OperationBase {
  readonly scope: S;
  /** Path parameters besides those of the instance prefix. */
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response?: R;
  readonly run: (
    context: ContextOf<S>,
    input: { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> },
  ) => Promise<z.input<R> | RawAnswer>;
}

/** What arrives: everything still unchecked. */
export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** One HTTP operation as the table holds it; the generics of its schemas end at `operation()`. */
export interface Operation extends OperationBase {
  readonly scope: Scope;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response?: z.ZodType;
  /** Parses and runs. Throws `invalid_request` naming the field, and whatever the route throws. */
  readonly handle: (context: RequestContext, raw: RawInput) => Promise<unknown>;
}

/** Declares one HTTP operation. */
export function operation<
  const S extends Scope,
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodVoid,
>(spec: OperationSpec<S, P, Q, B, R>): Operation {
  const { params, query, body, aliases, run } = spec;
  const handle: Operation["handle"] = (context, raw) => {
    // An absent schema makes its part `undefined`, and then the type of `run` offers nothing to read from it.
    const input = {
      params: params === undefined ? undefined : parse(params, raw.params),
      query: query === undefined ? undefined : parse(query, raw.query),
      body: body === undefined ? undefined : parse(body, withAliases(raw.body, aliases)),
    } as { params: z.output<P>; query: z.output<Q>; body: z.output<B> };
    // The scope decides whether the mount put an instance into the context.
    return run(context as ContextOf<S>, input);
  };
  return { ...spec, handle };
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues[0], value);
}

/** Renames aliased fields and drops nulls: many clients write an unset field as null. */
function withAliases(body: unknown, aliases: Readonly<Record<string, string>> | undefined): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) if (value !== null) fields[name] = value;
  for (const [alias, name] of Object.entries(aliases ?? {})) {
    if (fields[name] === undefined && fields[alias] !== undefined) fields[name] = fields[alias];
  }
  return fields;
}

function invalidRequest(issue: z.core.$ZodIssue | undefined, value: unknown): WazapiError {
  if (issue === undefined) return new WazapiError("invalid_request");
  const field = issue.path.map(String).join(".");
  const missing = issue.path.length > 0 && valueAt(value, issue.path) === undefined;
  const says = missing ? "is required" : (limitMissed(issue) ?? issue.message.replace(/^Invalid input: /, ""));
  // A schema can name the code of its failure (see `schemas.ts`).
  const code = issue.code === "custom" ? issue.params?.["errorCode"] : undefined;
  return new WazapiError(typeof code === "string" && !missing ? (code as ErrorCode) : "invalid_request", {
    message: field === "" ? `the body: ${says}` : `${field}: ${says}`,
    details: field === "" ? {} : { field },
  });
}

/** What a value is too short, too long or too much for; undefined for other mistakes. */
function limitMissed(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code !== "too_small" && issue.code !== "too_big") return undefined;
  const [word, limit] =
    issue.code === "too_small" ? (["least", issue.minimum] as const) : (["most", issue.maximum] as const);
  if (issue.code === "too_small" && limit === 1 && issue.origin !== "number") return "must not be empty";
  const unit = limitUnits[issue.origin];
  return `must ${unit === undefined ? "be" : "have"} at ${word} ${String(limit)}${unit === undefined ? "" : ` ${unit}`}`;
}

const limitUnits: Readonly<Record<string, string>> = { string: "characters", array: "items" };

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}
