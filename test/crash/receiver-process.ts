/**
 * A webhook receiver in a process of its own: remembers every request and answers as told.
 * `GET /log?since=N` the requests, `POST /behaviour {mode, status?, delayMs?}` how to answer from now on.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

interface Hit {
  readonly eventId: string;
  readonly sequence: number;
  readonly attempt: number;
  readonly path: string;
  readonly at: number;
  readonly accepted: boolean;
  readonly type: unknown;
  readonly messageIds: readonly string[];
  readonly fromMe: boolean;
  readonly error?: string;
}

interface Behaviour {
  readonly mode: "ok" | "hang" | "reset" | "status" | "half";
  readonly status?: number;
  readonly delayMs?: number;
  readonly retryAfter?: string;
}

let behaviour: Behaviour = { mode: "ok" };
const hits: Hit[] = [];

createServer((request, response) => void serve(request, response)).listen(Number(process.argv[2]), "127.0.0.1");

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return; // The sender was killed in the middle: nothing arrived.
  }
  const body = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? "/", "http://receiver");
  if (url.pathname === "/log") return reply(response, 200, JSON.stringify(hits.slice(Number(url.searchParams.get("since") ?? 0))));
  if (url.pathname === "/behaviour") {
    behaviour = JSON.parse(body) as Behaviour;
    return reply(response, 200, "{}");
  }
  const payload = JSON.parse(body) as Record<string, unknown>;
  hits.push({
    eventId: String(request.headers["webhook-id"]),
    sequence: Number(request.headers["x-wazapi-sequence"]),
    attempt: Number(request.headers["x-wazapi-attempt"]),
    path: url.pathname,
    at: Date.now(),
    accepted: behaviour.mode === "ok",
    type: payload["type"],
    messageIds: [payload["messageId"], ...((payload["ids"] as unknown[] | undefined) ?? [])].filter((id) => typeof id === "string"),
    fromMe: payload["fromMe"] === true,
    ...(typeof payload["error"] === "string" ? { error: payload["error"] } : {}),
  });
  if (behaviour.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
  switch (behaviour.mode) {
    case "ok":
      return reply(response, 200, "{}");
    case "status":
      if (behaviour.retryAfter !== undefined) response.setHeader("retry-after", behaviour.retryAfter);
      return reply(response, behaviour.status ?? 500, "no");
    case "reset":
      request.socket.destroy();
      return;
    case "half":
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => request.socket.destroy(), 20);
      return;
    case "hang":
      return;
  }
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.end(body);
}
