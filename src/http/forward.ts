import type { HttpMount } from "./mount.ts";

/** Headers that belong to one connection, and those the answer's new body makes wrong. */
const notForwarded = [
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-encoding",
  "content-length",
  "host",
  "authorization",
];

/** Passes the requests of a mount on to another server of this machine, without the credentials of this one. */
export function forwardTo(base: string): HttpMount["fetch"] {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, signal } = request;
    const body = request.body === null ? undefined : await request.arrayBuffer();
    try {
      const answer = await fetch(new URL(`${pathname}${search}`, base), {
        method,
        signal,
        headers: without(request.headers),
        ...(body === undefined ? {} : { body }),
      });
      return new Response(answer.body, { status: answer.status, headers: without(answer.headers) });
    } catch {
      // With an error of its own, where the signal's reason is none that could be copied.
      if (signal.aborted) throw signal.reason;
      return Response.json(
        { error: "the server behind this route does not answer", code: "unavailable" },
        { status: 503 },
      );
    }
  };
}

function without(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of notForwarded) kept.delete(name);
  return kept;
}
