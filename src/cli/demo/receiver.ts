import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** A webhook as it arrived. */
export interface Arrived {
  readonly type: string;
  readonly sequence: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Its signature is right for the secret of the instance. */
  readonly signed: boolean;
}

/** A customer's endpoint that takes everything. Disposing closes it. */
export interface DemoReceiver extends AsyncDisposable {
  readonly url: string;
  /** From now on signatures are checked with this secret (`whsec_…`). */
  readonly trust: (secret: string) => void;
}

const maxBodyBytes = 1024 * 1024;

/** Listens on a free port of the loopback and tells of each webhook; a body that is no JSON object gets a 400. */
export async function startDemoReceiver(arrived: (webhook: Arrived) => void): Promise<DemoReceiver> {
  let secret = "";
  const server = createServer((request, response) => {
    const take = async (): Promise<number> => {
      const text = await bodyOf(request);
      const body: unknown = JSON.parse(text);
      if (typeof body !== "object" || body === null) return 400;
      arrived({
        type: String(request.headers["x-wazapi-event-type"]),
        sequence: Number(request.headers["x-wazapi-sequence"]),
        body: { ...body },
        signed: isSigned(request.headers, { text, secret }),
      });
      return 200;
    };
    void take().then(
      (status) => response.writeHead(status).end(),
      // The request was cut off, or is none of ours.
      () => response.writeHead(400).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/webhook`,
    trust: (given) => {
      secret = given;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`. */
function isSigned(headers: IncomingHttpHeaders, { text, secret }: { readonly text: string; readonly secret: string }) {
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${text}`;
  const expected = createHmac("sha256", Buffer.from(secret.replace(/^whsec_/, ""), "base64"))
    .update(signed)
    .digest();
  return String(headers["webhook-signature"])
    .split(" ")
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ""), "base64"))
    .some((given) => given.byteLength === expected.byteLength && timingSafeEqual(given, expected));
}
