import { errorTable, WazapiError } from "#domain/errors.ts";
import type { ErrorCode } from "#domain/errors.ts";

/** An instance as the routes address it. */
export interface InstanceRef {
  readonly id: string;
  /** Part of the path of its routes; never printed. */
  readonly token: string;
  readonly name: string;
}

/** One request. */
export interface ApiCall {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query, below the server or the instance. */
  readonly path: `/${string}`;
  readonly body?: unknown;
  /** Bytes that are made while they are sent, instead of `body`. */
  readonly streamed?: { readonly pieces: AsyncIterable<Uint8Array>; readonly bytes: number };
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 30 s. */
  readonly timeoutMs?: number;
  /** Ends this request, which then throws `timeout`. */
  readonly signal?: AbortSignal;
}

/** Where the server is and what opens it. */
export interface ApiServer {
  readonly url: string;
  readonly tokens: { readonly client?: string; readonly partner?: string };
}

/** The server's routes for commands. All throw `WazapiError`: the server's own, or `unavailable` when nobody answers. */
export interface Api {
  readonly url: string;
  /** Routes of the server and of the partner. */
  readonly server: <T>(call: ApiCall) => Promise<T>;
  /** Routes of one instance. */
  readonly instance: <T>(instance: InstanceRef, call: ApiCall) => Promise<T>;
  /** The answer as it comes; for streams, which have no time limit, and for status codes that are data. */
  readonly raw: (call: ApiCall) => Promise<Response>;
}

const defaultTimeoutMs = 30_000;

/** A client of one server; holds no connection that would have to be closed. An abort ends requests in flight. */
export function createApi(server: ApiServer, signal: AbortSignal): Api {
  const base = server.url.replace(/\/+$/, "");
  const request = async (call: ApiCall, headers: Readonly<Record<string, string>>, limit: AbortSignal) => {
    const { method = "GET", path } = call;
    const content = contentOf(call);
    try {
      const all = { ...headers, ...content?.headers, ...call.headers };
      return await fetch(`${base}${path}`, { method, ...content, headers: all, signal: limit });
    } catch (cause) {
      if (signal.aborted) throw new WazapiError("unavailable", { message: "stopped", cause });
      if (limit.aborted) throw new WazapiError("timeout", { message: `${base} does not answer in time`, cause });
      throw new WazapiError("unavailable", {
        message: `no server answers at ${base}`,
        details: { hint: "start one with `wazapi serve`, or name another with --url" },
        cause,
      });
    }
  };
  const json = async <T>(call: ApiCall, headers: Readonly<Record<string, string>>): Promise<T> => {
    const own = call.signal === undefined ? [] : [call.signal];
    const limit = AbortSignal.any([signal, ...own, AbortSignal.timeout(call.timeoutMs ?? defaultTimeoutMs)]);
    const response = await request(call, headers, limit);
    if (!response.ok) throw await errorOf(response);
    const text = await response.text();
    // The shape is the server's promise; both ends are of this package.
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };
  const partner = server.tokens.partner === undefined ? {} : { authorization: `Bearer ${server.tokens.partner}` };
  const client = server.tokens.client === undefined ? {} : { "client-token": server.tokens.client };
  return {
    url: base,
    server: (call) => json(call, partner),
    instance: ({ id, token }, { path, ...call }) =>
      json({ ...call, path: `/instances/${encodeURIComponent(id)}/token/${encodeURIComponent(token)}${path}` }, client),
    raw: (call) => request(call, partner, call.signal === undefined ? signal : AbortSignal.any([signal, call.signal])),
  };
}

type Content = Pick<RequestInit, "body" | "duplex"> & { readonly headers: Readonly<Record<string, string>> };

function contentOf({ body, streamed }: ApiCall): Content | undefined {
  if (streamed !== undefined) {
    const { pieces, bytes } = streamed;
    const headers = { "content-type": "application/octet-stream", "content-length": String(bytes) };
    return { body: ReadableStream.from(pieces), duplex: "half", headers };
  }
  return body === undefined
    ? undefined
    : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

/** The failure a refused request tells of. */
export async function errorOf(response: Response): Promise<WazapiError> {
  const text = await response.text();
  const { error, code, hint }: { error?: unknown; code?: unknown; hint?: unknown } = parse(text);
  if (typeof error === "string" && isErrorCode(code)) {
    return new WazapiError(code, { message: error, ...(typeof hint === "string" && { details: { hint } }) });
  }
  return new WazapiError("unavailable", {
    message: `${new URL(response.url).origin} answered ${response.status}, and not as a wazapi server does`,
    details: { hint: "is the URL right?" },
  });
}

function parse(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch {
    // A proxy's page, or another program: the status has to do.
    return {};
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorTable, code);
}

/** A query string of the values that are there, with its question mark; empty when none is. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}
