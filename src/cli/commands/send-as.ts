import { WazapiError } from "#domain/errors.ts";
import { sendOperations } from "#http/routes/send-kinds.ts";
import type { SendRoute } from "#http/routes/send-kind.ts";

/** What `--as` can be: the routes that send, without the words that all begin with. */
function sendNames(): readonly string[] {
  return sending()
    .map(nameOf)
    .toSorted((one, other) => one.localeCompare(other, "en"));
}

/** The route, below the instance, that a name stands for. Throws `invalid_request` with the names there are. */
export function routeNamed(name: string): `/${string}` {
  const wanted = name.replace(/^\/?(?:send-)?/, "");
  const found = sending().find((operation) => nameOf(operation) === wanted);
  if (found !== undefined) return `/${lastOf(found)}`;
  throw new WazapiError("invalid_request", {
    message: `there is no way to send called ${name}`,
    details: { hint: `there are: ${sendNames().join(", ")}` },
  });
}

/** The fields a caller wrote as JSON. Throws `invalid_request` for what is no object. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notAnObject(cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw notAnObject();
  // Just checked; what is in it is the server's to judge.
  return value as Readonly<Record<string, unknown>>;
}

function notAnObject(cause?: unknown): WazapiError {
  return new WazapiError("invalid_request", {
    message: "--fields is no JSON object",
    details: { hint: `for instance --as poll --fields '{"message":"Lunch?","poll":[{"name":"yes"},{"name":"no"}]}'` },
    cause,
  });
}

/** Those whose path ends in a name. */
function sending(): readonly SendRoute[] {
  return sendOperations.filter(({ path }) => !path.endsWith("}"));
}

function lastOf({ path }: SendRoute): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function nameOf(route: SendRoute): string {
  return lastOf(route).replace(/^send-/, "");
}
