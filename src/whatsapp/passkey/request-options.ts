import type { PasskeyOptions } from "#domain/passkey.ts";

/** WhatsApp protocol: longest options, bytes. */
const maxBytes = 4096;

/** Reads the options of a request for a passkey; undefined when they are not such options. Members nobody knows are kept. */
export function requestOptionsOf(content: Uint8Array | string | undefined): PasskeyOptions | undefined {
  if (content === undefined || content.length === 0 || content.length > maxBytes) return undefined;
  try {
    const json: unknown = JSON.parse(typeof content === "string" ? content : Buffer.from(content).toString("utf8"));
    return isOptions(json) ? json : undefined;
  } catch {
    return undefined; // What is not JSON is none.
  }
}

function isOptions(json: unknown): json is PasskeyOptions {
  if (typeof json !== "object" || json === null || !("challenge" in json)) return false;
  const { challenge, rpId } = json as { readonly challenge: unknown; readonly rpId?: unknown };
  return (
    typeof challenge === "string" &&
    /^[\w-]+$/.test(challenge) &&
    (rpId === undefined || (typeof rpId === "string" && rpId !== ""))
  );
}
