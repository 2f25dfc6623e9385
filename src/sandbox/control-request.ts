import { SandboxError, sandboxErrors, type SandboxErrorCode } from "./sandbox-error.ts";

/** Where a sandbox's control routes are. */
export interface ControlServer {
  /** Base of the listener; `/sandbox` is added unless it ends with it. */
  readonly url: string;
  /** For routes that a server mounts: its partner token. */
  readonly token?: string;
}

/** One request to a control route. */
export interface ControlCall {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Relative to the mount point. */
  readonly path: string;
  readonly body?: unknown;
}

/** Requests that come back as data or as a `SandboxError`. */
export interface ControlRequest {
  readonly json: <T>(call: ControlCall, signal?: AbortSignal) => Promise<T>;
  readonly bytes: (path: string, signal?: AbortSignal) => Promise<Uint8Array>;
}

/** Prepares requests to one server. */
export function createControlRequest(server: ControlServer): ControlRequest {
  const base = server.url.replace(/\/+$/, "").replace(/\/sandbox$/, "");
  const authorization = server.token === undefined ? {} : { authorization: `Bearer ${server.token}` };
  const ask = async ({ method, path, body }: ControlCall, signal?: AbortSignal): Promise<Response> => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { ...authorization, ...(body !== undefined && { "content-type": "application/json" }) };
    let response: Response;
    try {
      response = await fetch(`${base}/sandbox${path}`, { method, headers, ...content, ...(signal && { signal }) });
    } catch (cause) {
      if (signal?.aborted === true) throw new SandboxError("unavailable", "stopped", { cause });
      throw new SandboxError("unavailable", `no sandbox answers at ${base}`, { cause });
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  };
  return {
    async json<T>(call: ControlCall, signal?: AbortSignal): Promise<T> {
      // The shape is the server's promise; both ends are of this package.
      return (await (await ask(call, signal)).json()) as T;
    },
    async bytes(path, signal) {
      return new Uint8Array(await (await ask({ method: "GET", path }, signal)).arrayBuffer());
    },
  };
}

async function errorOf(response: Response): Promise<SandboxError> {
  const text = await response.text();
  const { error, code } = parse(text);
  const message = error ?? `the sandbox answered ${response.status}`;
  return new SandboxError(isCode(code) ? code : codeOfStatus(response.status), message);
}

function parse(text: string): { readonly error?: string; readonly code?: string } {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? json : {};
  } catch {
    // Not one of our answers: a proxy's page, or another server. The status has to do.
    return {};
  }
}

const isCode = (code: string | undefined): code is SandboxErrorCode =>
  code !== undefined && Object.hasOwn(sandboxErrors, code);

function codeOfStatus(status: number): SandboxErrorCode {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not_found";
  if (status === 409) return "conflict";
  return status < 500 ? "invalid" : "unavailable";
}
