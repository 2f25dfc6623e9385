import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Credentials a server knows: access key to secret. */
export type Secrets = Readonly<Record<string, string>>;

/** What a request's signature says. */
export type Verdict =
  | {
      readonly kind: "good";
      /** What the payload must hash to; undefined when it is not signed. */ readonly payload: string | undefined;
    }
  | { readonly kind: "bad"; readonly code: string };

/**
 * Checks a request as the reference of AWS Signature Version 4 describes it, from the raw request line: header or query,
 * every signed header, the time window. Written without the client's code, so that both would have to err alike.
 */
export function verifyRequest(request: IncomingMessage, secrets: Secrets, now: number): Verdict {
  const [path = "/", rawQuery = ""] = (request.url ?? "/").split("?");
  const query = new Map(
    rawQuery
      .split("&")
      .filter((pair) => pair !== "")
      .map(pairOf),
  );
  const parts = query.has("X-Amz-Signature") ? fromQuery(query) : fromHeader(request);
  if (parts === undefined) return { kind: "bad", code: "AccessDenied" };
  const [accessKey = "", day = "", region = "", service = ""] = parts.credential.split("/");
  const secret = secrets[accessKey];
  if (secret === undefined) return { kind: "bad", code: "InvalidAccessKeyId" };
  const sentAt = timeOf(parts.date);
  if (parts.expiresSeconds !== undefined && now > sentAt + parts.expiresSeconds * 1_000)
    return { kind: "bad", code: "AccessDenied" };
  if (parts.expiresSeconds === undefined && Math.abs(now - sentAt) > 900_000)
    return { kind: "bad", code: "RequestTimeTooSkewed" };
  if (!parts.signedHeaders.includes("host") || day !== parts.date.slice(0, 8))
    return { kind: "bad", code: "SignatureDoesNotMatch" };
  const headers = parts.signedHeaders.map(
    (name) =>
      `${name}:${String(request.headers[name] ?? "")
        .trim()
        .replaceAll(/ +/g, " ")}\n`,
  );
  const canonical = [
    request.method ?? "GET",
    path,
    [...query]
      .filter(([name]) => name !== "X-Amz-Signature")
      .map(([name, value]) => `${strict(name)}=${strict(value)}`)
      .sort()
      .join("&"),
    headers.join(""),
    parts.signedHeaders.join(";"),
    parts.payload,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", parts.date, [day, region, service, "aws4_request"].join("/"), hash(canonical)].join(
    "\n",
  );
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const step of [day, region, service, "aws4_request"]) key = createHmac("sha256", key).update(step).digest();
  const expected = createHmac("sha256", key).update(text).digest("hex");
  if (expected !== parts.signature) return { kind: "bad", code: "SignatureDoesNotMatch" };
  return { kind: "good", payload: parts.payload === "UNSIGNED-PAYLOAD" ? undefined : parts.payload };
}

interface Parts {
  readonly credential: string;
  readonly date: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payload: string;
  readonly expiresSeconds?: number;
}

function fromQuery(query: ReadonlyMap<string, string>): Parts {
  return {
    credential: query.get("X-Amz-Credential") ?? "",
    date: query.get("X-Amz-Date") ?? "",
    signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").split(";"),
    signature: query.get("X-Amz-Signature") ?? "",
    payload: "UNSIGNED-PAYLOAD",
    expiresSeconds: Number(query.get("X-Amz-Expires") ?? "0"),
  };
}

function fromHeader(request: IncomingMessage): Parts | undefined {
  const found = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? "",
  );
  if (found === null) return undefined;
  const [, credential = "", signed = "", signature = ""] = found;
  const date = String(request.headers["x-amz-date"] ?? "");
  const payload = String(request.headers["x-amz-content-sha256"] ?? "");
  return { credential, date, signedHeaders: signed.split(";"), signature, payload };
}

function pairOf(pair: string): [name: string, value: string] {
  const [name = "", value = ""] = pair.split("=");
  return [decodeURIComponent(name), decodeURIComponent(value)];
}

/** As the reference says: everything but the unreserved characters, upper-case hex. */
function strict(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) =>
      /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}

function timeOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, "$1-$2-$3:$4:$5"));
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
