import { createHash, createHmac } from "node:crypto";

/** A signed GET about to be made. */
export interface PresignInput {
  /** `https:` or `http:`. */
  readonly protocol: string;
  /** With the port, when it is not the usual one. */
  readonly host: string;
  /** As it stands in the URL: every part escaped. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  };
  /** Epoch milliseconds. */
  readonly now: number;
  readonly expiresMs: number;
}

/** S3 takes no longer ones. */
const maxPresignMs = 7 * 86_400_000;

/**
 * A URL anybody may GET until it expires (AWS Signature Version 4 in the query, payload not signed). Expiries beyond
 * seven days are cut, because S3 refuses them.
 */
export function presignGet(input: PresignInput): string {
  const { credentials, region } = input;
  const at = new Date(input.now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const day = at.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const query = canonicalQuery({
    ...input.query,
    "X-Amz-Algorithm": algorithm,
    "X-Amz-Credential": `${credentials.accessKeyId}/${scope}`,
    "X-Amz-Date": at,
    "X-Amz-Expires": String(Math.max(1, Math.floor(Math.min(input.expiresMs, maxPresignMs) / 1_000))),
    "X-Amz-SignedHeaders": "host",
    ...(credentials.sessionToken === undefined ? {} : { "X-Amz-Security-Token": credentials.sessionToken }),
  });
  const request = ["GET", input.path, query, `host:${input.host}\n`, "host", "UNSIGNED-PAYLOAD"].join("\n");
  const toSign = [algorithm, at, scope, createHash("sha256").update(request).digest("hex")].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  return `${input.protocol}//${input.host}${input.path}?${query}&X-Amz-Signature=${signature}`;
}

const algorithm = "AWS4-HMAC-SHA256";

function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [escaped(name), escaped(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** RFC 3986: everything but letters, digits and `-._~`. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
