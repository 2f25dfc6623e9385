/**
 * A webhook receiver in a process of its own: remembers every request and answers as told. It is controlled on the first
 * port: `GET /log?since=N` the requests, `POST /behaviour {mode, status?, delayMs?}` how to answer from now on,
 * `POST /down` and `POST /up` close and open the second port, where webhooks arrive.
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

const [controlPort, hookPort] = process.argv.slice(2).map(Number);
const hooks = createServer((request, response) => void receive(request, response));
hooks.listen(hookPort, "127.0.0.1");
createServer((request, response) => void control(request, response)).listen(controlPort, "127.0.0.1");

async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const url = new URL(request.url ?? "/", "http://receiver");
  switch (url.pathname) {
    case "/log":
      return reply(response, 200, JSON.stringify(hits.slice(Number(url.searchParams.get("since") ?? 0))));
    case "/behaviour":
      behaviour = JSON.parse(body ?? "{}") as Behaviour;
      return reply(response, 200, "{}");
    case "/down":
      hooks.close();
      hooks.closeAllConnections();
      return reply(response, 200, "{}");
    case "/up":
      hooks.listen(hookPort, "127.0.0.1", () => reply(response, 200, "{}"));
      return;
    default:
      return reply(response, 404, "{}");
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined; // The sender was killed in the middle: nothing arrived.
  }
  return Buffer.concat(chunks).toString();
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  if (body === undefined) return;
  const url = new URL(request.url ?? "/", "http://receiver");
  const payload = JSON.parse(body) as Record<string, unknown>;
  hits.push({
    eventId: String(request.headers["webhook-id"]),
    sequence: Number(request.headers["x-wazapi-sequence"]),
    attempt: Number(request.headers["x-wazapi-attempt"]),
    path: url.pathname,
    at: Date.now(),
    accepted: behaviour.mode === "ok",
    type: payload["type"],
    messageIds: [payload["messageId"], ...((payload["ids"] as unknown[] | undefined) ?? [])].filter(
      (id) => typeof id === "string",
    ),
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
