import { z } from "zod";
import { SandboxError } from "../sandbox-error.ts";

/** Base64 media come in bodies; larger files are given by path. */
const maxBytes = 128 * 1024 * 1024;

/** Reads a JSON body (an empty one counts as `{}`). Throws `invalid` naming the first field that does not fit. */
export async function readBody<S extends z.ZodType>(request: Request, schema: S): Promise<z.output<S>> {
  const text = await readText(request);
  let json: unknown;
  try {
    json = text.trim() === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw new SandboxError("invalid", "the body is not JSON", { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new SandboxError("invalid", parsed.error.issues.map(describeIssue).join("; "));
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => (path === "" ? key : `${path}.${key}`)).join(", ");
    return `the sandbox does not know ${keys}`;
  }
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

async function readText(request: Request): Promise<string> {
  if (request.body === null) return "";
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of request.body) {
    size += piece.length;
    if (size > maxBytes)
      throw new SandboxError("invalid", `the body is larger than ${maxBytes} bytes; give media by path`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
